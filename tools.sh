#!/bin/sh
# Installs what the tests need beyond Go: clang and lld, for guests in C; and,
# where rustup or npm are at hand, Rust's standard library for WebAssembly, the
# AssemblyScript compiler and a JavaScript interpreter that is a module.
# What it cannot install it names. The tests then skip what lacks a compiler,
# loudly; where CI=true they fail instead, whichever of these is missing.
set -eu

npm_packages="assemblyscript@0.28.20 quickjs-wasi@3.6.2"
npm_folder="${XDG_CACHE_HOME:-$HOME/.cache}/refold-tools"

if ! command -v rustup >/dev/null; then
	echo "NOTE: rustup is missing; guests in Rust are tested where rustc has wasm32-unknown-unknown" >&2
elif ! rustup target list --installed 2>/dev/null | grep -qx wasm32-unknown-unknown; then
	echo "adding Rust's standard library for wasm32-unknown-unknown"
	rustup -q target add wasm32-unknown-unknown >/dev/null 2>&1 || echo "NOTE: that did not work; guests in Rust are not tested" >&2
fi
if ! command -v npm >/dev/null; then
	echo "NOTE: npm is missing; AssemblyScript and QuickJS are not tested" >&2
elif [ ! -e "$npm_folder/node_modules/quickjs-wasi" ]; then
	echo "installing $npm_packages in $npm_folder"
	# shellcheck disable=SC2086
	npm install --silent --no-audit --no-fund --prefix "$npm_folder" $npm_packages >/dev/null 2>&1 ||
		echo "NOTE: that did not work; AssemblyScript and QuickJS are not tested" >&2
fi

if command -v clang >/dev/null && command -v wasm-ld >/dev/null; then exit 0; fi
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
	echo "NOTE: clang and wasm-ld are missing and cannot be installed here; install clang and lld to test guests in C" >&2
	exit 0
fi
echo "installing clang and lld"
apt-get -qq update >/dev/null
DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends clang lld >/dev/null 2>&1
