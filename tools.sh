#!/bin/sh
# Installs what the tests need beyond Go: clang and lld, for guests in C.
# Without Debian packages or root it says so and leaves; the tests then skip the
# guests in C, loudly, or fail where CI=true.
set -eu
if command -v clang >/dev/null && command -v wasm-ld >/dev/null; then exit 0; fi
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
	echo "NOTE: clang and wasm-ld are missing and cannot be installed here; install clang and lld to test guests in C" >&2
	exit 0
fi
echo "installing clang and lld"
apt-get -qq update >/dev/null
DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends clang lld >/dev/null 2>&1
