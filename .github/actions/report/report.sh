#!/usr/bin/env bash
# Shows a text where people look. The text is data: whatever is in it stays inside its fence.
set -euo pipefail

# GitHub takes 65536 characters in a comment or issue.
limit=60000
marker="<!-- billpay: $KEY -->"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# The text between fences that are longer than any row of backticks in it.
fenced() {
  LC_ALL=C tr -d '\000-\010\013-\037' < "$TEXT_FILE" > "$work/clean"
  head -c "$limit" "$work/clean" | iconv -c -f utf-8 -t utf-8 > "$work/text"
  local cut=false longest fence
  if [[ "$(wc -c < "$work/clean")" -gt "$limit" ]]; then
    cut=true
    # Whole lines only, where there is more than one.
    if [[ "$(wc -l < "$work/text")" -gt 1 ]]; then sed -i '$d' "$work/text"; fi
  fi
  longest="$({ LC_ALL=C grep -o '`\+' "$work/text" || true; } | awk '{ if (length > most) most = length } END { print most + 0 }')"
  fence="$(printf '%*s' "$((longest < 3 ? 3 : longest + 1))" '' | tr ' ' '`')"
  printf '%stext\n' "$fence"
  cat "$work/text"
  [[ -z "$(tail -c 1 "$work/text")" ]] || echo
  printf '%s\n' "$fence"
  if [[ "$cut" == true ]]; then
    printf '\nThis is the beginning of %s bytes: [the run](%s) has all of it.\n' "$(wc -c < "$work/clean")" "$RUN_URL"
  fi
}

body() {
  if [[ "$TO" != summary ]]; then echo "$marker"; fi
  if [[ "$TO" != issue ]]; then printf '### %s\n\n' "$TITLE"; fi
  if [[ -n "$INTRO" ]]; then printf '%s\n\n' "$INTRO"; fi
  if [[ -n "$TEXT_FILE" && -s "$TEXT_FILE" ]]; then fenced; fi
  if [[ "$TO" != summary ]]; then printf '\n[The run](%s)\n' "$RUN_URL"; fi
}

# The number of the one that is there already. Only our own counts: anybody could write the marker.
find_own() {
  gh api --paginate "$1" | jq --raw-output --arg marker "$marker" \
    ".[] | select(.user.login == \"github-actions[bot]\" and (.pull_request | not)
      and ((.body // \"\") | startswith(\$marker))) | .$2" | sed -n 1p
}

send() {
  gh api --method "$1" "$2" --input - --jq .html_url
}

body > "$work/body"
case "$TO" in
  summary)
    cat "$work/body" >> "$GITHUB_STEP_SUMMARY"
    ;;
  comment)
    id="$(find_own "repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments?per_page=100" id)"
    comment() { jq --null-input --rawfile body "$work/body" '{body: $body}'; }
    if [[ -n "$id" ]]; then
      comment | send PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id"
    else
      comment | send POST "repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments"
    fi
    ;;
  issue)
    number="$(find_own "repos/$GITHUB_REPOSITORY/issues?state=open&per_page=100" number)"
    issue() { jq --null-input --arg title "$TITLE" --rawfile body "$work/body" '{title: $title, body: $body}'; }
    if [[ "$CLOSE" == true ]]; then
      [[ -n "$number" ]] || exit 0
      jq --null-input --arg body "It is over: [the run]($RUN_URL)." '{body: $body}' |
        send POST "repos/$GITHUB_REPOSITORY/issues/$number/comments"
      echo '{"state": "closed", "state_reason": "completed"}' | send PATCH "repos/$GITHUB_REPOSITORY/issues/$number"
    elif [[ -n "$number" ]]; then
      issue | send PATCH "repos/$GITHUB_REPOSITORY/issues/$number"
    else
      issue | send POST "repos/$GITHUB_REPOSITORY/issues"
    fi
    ;;
  *)
    echo "::error::\`to\` is comment, issue or summary, not \`$TO\`"
    exit 1
    ;;
esac
