#!/usr/bin/env bash
# Pushes the image in ARCHIVE, with its attestations and without changing a byte: what is deployed is what was
# scanned. Tags can't be moved, so a run that is repeated takes what the first one pushed.
set -euo pipefail

reference="docker://$IMAGE:$TAG"
# The digest of the index, which names the image and what is attested of it.
digest_of() { skopeo inspect --raw "$1" | sha256sum | cut -d ' ' -f 1; }

if there="$(skopeo inspect --raw "$reference" 2> /dev/null)" && [[ -n "$there" ]]; then
  digest="$(digest_of "$reference")"
  echo "$IMAGE:$TAG is there already"
else
  skopeo copy --all --preserve-digests "oci-archive:$ARCHIVE" "$reference"
  digest="$(digest_of "$reference")"
fi
echo "image=$IMAGE@sha256:$digest" >> "$GITHUB_OUTPUT"
echo "$IMAGE@sha256:$digest"
