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
# Who called this shows the plan: no second one in the job's summary.
env --unset GITHUB_STEP_SUMMARY billpay provision --env "$ENVIRONMENT" --plan-only --detailed-exitcode -v --color never \
  --out "$folder/plan.json" > "$folder/plan.txt" 2> "$folder/errors.txt" || code=$?
# The plan is data: no line of it is a command to the runner.
token="$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
echo "::stop-commands::$token"
cat "$folder/plan.txt"
echo "::$token::"
cat "$folder/errors.txt" >&2
case "$code" in
  0) echo "changes=false" >> "$GITHUB_OUTPUT" ;;
  2) echo "changes=true" >> "$GITHUB_OUTPUT" ;;
  # Workflow commands among the errors are for the log, not for people.
  *) { grep -v '^::' "$folder/errors.txt" || true; } >> "$folder/plan.txt" ;;
esac
rm -f "$folder/errors.txt"
[[ "$code" -eq 0 || "$code" -eq 2 ]] || exit "$code"
