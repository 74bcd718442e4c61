#!/usr/bin/env bash
# Applies exactly the plan in PLAN_FILE. billpay refuses it when another plan would come out today.
set -euo pipefail

# The file may come from a pull request. What is in it is made anew by billpay and compared; what it is for is not up to it.
if ! jq --exit-status '.plan.goal == "converge" and ([.plan.selection[]] | flatten | length == 0)' "$PLAN_FILE" > /dev/null; then
  echo "::error title=$ENVIRONMENT::the plan is not one for the whole environment to become what its spec says: nothing was applied"
  exit 1
fi

code=0
# Confirmed by its name: the job waits for GitHub's environment of that name, and whoever approved it approved this very file.
billpay provision --env "$ENVIRONMENT" --plan-file "$PLAN_FILE" --auto-approve --confirm "$ENVIRONMENT" || code=$?
[[ "$code" -ne 0 ]] || exit 0

case "$code" in
  3) what="A part of the plan was applied; the log says what failed." ;;
  4) what="The plan was stopped by a protection, a limit or an approval that is missing, and nothing was applied; the log says which. See to that first." ;;
  *) what="The plan was not applied; the log says why." ;;
esac
way="Run this workflow by hand on the default branch (Actions > $GITHUB_WORKFLOW > Run workflow): it plans again, \
shows that plan, and applies it once the environment $ENVIRONMENT is approved."
echo "::error title=$ENVIRONMENT::$what $way"
printf '### %s\n\n%s %s\n' "$ENVIRONMENT" "$what" "$way" >> "$GITHUB_STEP_SUMMARY"
exit "$code"
