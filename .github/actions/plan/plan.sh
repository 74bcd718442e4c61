#!/usr/bin/env bash
# Plans an environment. What went wrong is part of the text, so that a comment can show it.
set -euo pipefail

folder="$RUNNER_TEMP/billpay-plan"
rm -rf "$folder"
mkdir -p "$folder"
{
  echo "folder=$folder"
  echo "text-file=$folder/plan.txt"
} >> "$GITHUB_OUTPUT"

code=0
billpay provision --env "$ENVIRONMENT" --plan-only --detailed-exitcode -v --color never \
  --out "$folder/plan.json" > "$folder/plan.txt" 2> "$folder/errors.txt" || code=$?
cat "$folder/plan.txt"
cat "$folder/errors.txt" >&2
case "$code" in
  0) echo "changes=false" >> "$GITHUB_OUTPUT" ;;
  2) echo "changes=true" >> "$GITHUB_OUTPUT" ;;
  # Workflow commands among the errors are for the log, not for people.
  *) { grep -v '^::' "$folder/errors.txt" || true; } >> "$folder/plan.txt" ;;
esac
rm -f "$folder/errors.txt"
[[ "$code" -eq 0 || "$code" -eq 2 ]] || exit "$code"
