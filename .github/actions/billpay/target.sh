#!/usr/bin/env bash
# Says which release is wanted, for which machine, and where its archive is kept.
set -euo pipefail

case "$RUNNER_OS-$RUNNER_ARCH" in
  Linux-X64) target=x86_64-unknown-linux-gnu ;;
  Linux-ARM64) target=aarch64-unknown-linux-gnu ;;
  *)
    echo "::error::billpay is released for Linux on x64 and ARM64, not for $RUNNER_OS on $RUNNER_ARCH"
    exit 1
    ;;
esac
version="v${VERSION#v}"
if [[ ! "$version" =~ ^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]]; then
  echo "::error::\`$VERSION\` is no version of billpay: v0.1.0 is one"
  exit 1
fi
{
  echo "target=$target"
  echo "version=$version"
  echo "folder=$RUNNER_TOOL_CACHE/billpay/${version#v}/$target"
} >> "$GITHUB_OUTPUT"
