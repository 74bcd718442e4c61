#!/usr/bin/env bash
# Puts a released billpay on the path. The archive may come out of a cache that others can write to, so it
# is checked every time, and unpacked anew into this job's own folder.
set -euo pipefail

archive="billpay-$TARGET.tar.gz"
work="$RUNNER_TEMP/billpay-install"
bin="$RUNNER_TEMP/billpay-bin"
rm -rf "$work"
mkdir -p "$FOLDER" "$work" "$bin"

download() {
  gh release download "$VERSION" --repo "$REPOSITORY" --pattern "$1" --dir "$2" --clobber
}

download SHA256SUMS "$work"
sum="$(awk -v name="$archive" '$2 == name || $2 == "*" name { print $1 }' "$work/SHA256SUMS")"
if [[ ! "$sum" =~ ^[0-9a-f]{64}$ ]]; then
  echo "::error::release $VERSION of $REPOSITORY has no checksum of $archive"
  exit 1
fi
matches() { echo "$sum  $FOLDER/$archive" | sha256sum --check --status; }

if [[ ! -f "$FOLDER/$archive" ]] || ! matches; then
  download "$archive" "$FOLDER"
fi
if ! matches; then
  rm -f "$FOLDER/$archive"
  echo "::error::$archive of release $VERSION is not what its checksum says: nothing was installed"
  exit 1
fi
if [[ "$VERIFY_ATTESTATION" == false ]]; then
  echo "::warning::the build provenance of billpay $VERSION was not verified, as asked"
elif ! gh attestation verify "$FOLDER/$archive" --repo "$REPOSITORY" \
  --signer-workflow "$REPOSITORY/.github/workflows/release.yml" --source-ref "refs/tags/$VERSION" \
  --deny-self-hosted-runners; then
  echo "::error::$archive was not built by the release workflow of $REPOSITORY at $VERSION: nothing was installed"
  exit 1
fi

tar -xzf "$FOLDER/$archive" -C "$bin" billpay
said="$("$bin/billpay" --version)"
echo "$said"
echo "$bin" >> "$GITHUB_PATH"
echo "version=${said#billpay }" >> "$GITHUB_OUTPUT"
