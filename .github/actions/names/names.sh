#!/usr/bin/env bash
# Writes the names that the next steps need, as the spec of the environment gives them.
set -euo pipefail

config="$(billpay config --env "$ENVIRONMENT" --specs "$SPECS" --output json)"
value() {
  local found
  found="$(jq --raw-output --arg service "$SERVICE" --arg frontend "$FRONTEND" "$1 // \"\"" <<< "$config")"
  if [[ "$found" == *$'\n'* ]]; then
    echo "::error::a name in the spec of $ENVIRONMENT has more than one line" >&2
    return 1
  fi
  printf '%s' "$found"
}
output() {
  local found
  found="$(value "$2")"
  echo "$1=$found" >> "$GITHUB_OUTPUT"
}
missing() {
  echo "::error title=$2 is not in $ENVIRONMENT::merge the pull request that brings environments/$1s/$2.yaml to the platform repository, and run this again"
  exit 1
}

if [[ -n "$SERVICE" && -z "$(value '.names.services[$service].repository')" ]]; then missing service "$SERVICE"; fi
if [[ -n "$FRONTEND" && -z "$(value '.names.frontends[$frontend].bucket')" ]]; then missing frontend "$FRONTEND"; fi

output region .names.region
output role '.names.services[$service].role_arn // .names.frontends[$frontend].role_arn // .names.github_role_arn'
output registry .names.registry
output state .names.state
if [[ -n "$SERVICE" ]]; then
  output repository '.names.services[$service].repository'
  output url '.names.services[$service].url // "" | rtrimstr("/")'
elif [[ -n "$FRONTEND" ]]; then
  output url '.names.frontends[$frontend].url // "" | rtrimstr("/")'
fi
