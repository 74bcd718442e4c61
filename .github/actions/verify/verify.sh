#!/usr/bin/env bash
# Asks until the commit answers three times in a row: while pods are replaced, old and new ones answer in turn.
set -euo pipefail

if [[ -z "$URL" ]]; then
  echo "::notice::nothing was verified: the spec doesn't say where this is reached"
  exit 0
fi
pause="${PAUSE:-5}"
end=$((SECONDS + SECONDS_AT_MOST))
row=0
last="nothing answered"
while ((SECONDS <= end)); do
  if answer="$(curl --silent --show-error --fail --location --max-time 10 --header 'Cache-Control: no-cache' "$URL" 2>&1)"; then
    commit="$(jq --raw-output '.commit? // empty' <<< "$answer" 2> /dev/null || true)"
    if [[ "$commit" == "$COMMIT" ]]; then
      row=$((row + 1))
      if ((row == 3)); then
        echo "$URL answers from $COMMIT"
        exit 0
      fi
    else
      row=0
      last="commit ${commit:-unknown} answered"
    fi
  else
    row=0
    last="${answer##*$'\n'}"
  fi
  sleep "$pause"
done
# One line, and nothing of it a command of the log.
printf '::error::%s is not served from %s after %s s: %s\n' "$URL" "$COMMIT" "$SECONDS_AT_MOST" "$(tr -d '\r\n' <<< "$last" | head -c 300)"
exit 1
