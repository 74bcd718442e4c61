#!/usr/bin/env bash
# Finds the artifact with the plan of the pull request that was merged as GITHUB_SHA: of its last commit
# exactly, and made by this workflow on that pull request.
set -euo pipefail

none() {
  echo "found=false" >> "$GITHUB_OUTPUT"
  echo "::notice title=$ENVIRONMENT::$1: planning anew"
  exit 0
}

pull="$(gh api "repos/$GITHUB_REPOSITORY/commits/$GITHUB_SHA/pulls" | jq --compact-output \
  --arg sha "$GITHUB_SHA" --arg base "$GITHUB_REF_NAME" --arg repository "$GITHUB_REPOSITORY" \
  'map(select(.merged_at != null and .merge_commit_sha == $sha and .base.ref == $base
    and .head.repo.full_name == $repository)) | first // empty')"
[[ -n "$pull" ]] || none "no pull request of this repository was merged as $GITHUB_SHA"
number="$(jq .number <<< "$pull")"
head="$(jq --raw-output .head.sha <<< "$pull")"

# GITHUB_WORKFLOW_REF is owner/repository/path@ref, with the path of the calling workflow.
path="${GITHUB_WORKFLOW_REF#"$GITHUB_REPOSITORY/"}"
path="${path%%@*}"
artifacts="$(gh api "repos/$GITHUB_REPOSITORY/actions/artifacts?per_page=100&name=billpay-plan-$ENVIRONMENT-$head" |
  jq --raw-output --arg head "$head" --arg name "billpay-plan-$ENVIRONMENT-$head" \
    '.artifacts | map(select(.name == $name and (.expired | not) and .workflow_run.head_sha == $head
      and .workflow_run.head_repository_id == .workflow_run.repository_id))
    | sort_by(.created_at) | reverse | .[] | "\(.id) \(.workflow_run.id)"')"
while read -r artifact run; do
  [[ -n "$artifact" ]] || continue
  made_by="$(gh api "repos/$GITHUB_REPOSITORY/actions/runs/$run" --jq '"\(.event) \(.path)"')"
  [[ "$made_by" == "pull_request $path" || "$made_by" == "pull_request $path@"* ]] || continue
  {
    echo "found=true"
    echo "artifact-id=$artifact"
    echo "run-id=$run"
    echo "pull-request=$number"
  } >> "$GITHUB_OUTPUT"
  echo "the plan of pull request $number at $head, made by run $run"
  exit 0
done <<< "$artifacts"
none "pull request $number has no plan of its last commit $head"
