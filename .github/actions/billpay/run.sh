#!/usr/bin/env bash
# Runs billpay with the arguments in ARGS, one a line; no shell reads them.
set -euo pipefail

mapfile -t lines <<< "$ARGS"
args=()
for line in "${lines[@]}"; do
  if [[ -n "$line" ]]; then args+=("$line"); fi
done

out="$(mktemp "$RUNNER_TEMP/billpay-out.XXXXXX")"
code=0
PATH="$RUNNER_TEMP/billpay-bin:$PATH" billpay "${args[@]}" > "$out" || code=$?
cat "$out"
{
  echo "exit-code=$code"
  echo "stdout-file=$out"
} >> "$GITHUB_OUTPUT"
# Outputs of a job may be 1 MB in all; the file has everything.
if [[ "$(wc -c < "$out")" -lt 500000 ]]; then
  json="$(jq --compact-output --slurp 'if length == 1 then .[0] else empty end' "$out" 2> /dev/null || true)"
  if [[ -n "$json" ]]; then echo "json=$json" >> "$GITHUB_OUTPUT"; fi
fi
[[ " $EXIT_CODES " == *" $code "* ]] || exit "$code"
