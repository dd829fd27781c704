#!/bin/sh
# Builds guest.wasm, the module that runs projections in JavaScript, and writes
# origin.txt: what it was built from, with digests. Engine and compiler come from
# PyPI: the sources of QuickJS-NG, and Zig's C compiler with its libc for WASI.
# The same versions give the same bytes on every machine.
set -eu
cd "$(dirname "$0")"

engine="quickjs-ng==0.17.0.2"
engine_sha256=43d2e48272208721a7aaea8e3f02d4b9318f12ef20cc4f5421b59d9a470706ef
compiler="ziglang==0.17.1"
work="${XDG_CACHE_HOME:-$HOME/.cache}/refold-tools/javascript"

mkdir -p "$work"
if [ ! -e "$work/compiler/bin/python" ]; then
	python3 -m venv "$work/compiler"
	"$work/compiler/bin/pip" install -q "$compiler"
fi
if [ ! -e "$work/engine/quickjs.c" ]; then
	"$work/compiler/bin/pip" download -q --no-deps --no-binary :all: -d "$work" "$engine"
	echo "$engine_sha256  $work/quickjs_ng-${engine#*==}.tar.gz" | sha256sum -c --quiet
	mkdir -p "$work/engine"
	tar -xzf "$work/quickjs_ng-${engine#*==}.tar.gz" -C "$work/engine" --strip-components=2 "quickjs_ng-${engine#*==}/upstream-quickjs"
fi

zig() { "$work/compiler/bin/python" -m ziglang "$@"; }
flags="-target wasm32-wasi -O3 -g0 -D_GNU_SOURCE -DNDEBUG -fno-sanitize=undefined"
for part in quickjs dtoa libregexp libunicode; do
	if [ ! -e "$work/$part.o" ] || [ build.sh -nt "$work/$part.o" ]; then
		# shellcheck disable=SC2086
		zig cc $flags -ffile-prefix-map="$work"= -w -c -o "$work/$part.o" "$work/engine/$part.c"
	fi
done
# shellcheck disable=SC2086
zig cc $flags -std=c23 -Wall -Wextra -Werror -I . -I ../../c -isystem "$work/engine" -c -o "$work/guest.o" guest.c
zig cc -target wasm32-wasi -mexec-model=reactor -s -Wl,--strip-all -Wl,-z,stack-size=1048576 \
	-o guest.wasm "$work/guest.o" "$work/quickjs.o" "$work/dtoa.o" "$work/libregexp.o" "$work/libunicode.o"
chmod 644 guest.wasm

{
	echo "# Written by build.sh. What guest.wasm was built from:"
	echo "# QuickJS-NG 0.17.0, MIT, from the sources in PyPI's $engine ($engine_sha256)"
	echo "# Zig's C compiler and libc for WASI, from PyPI's $compiler"
	sha256sum build.sh event.c guest.c guest.h guest.wasm json.c kit.js native.c uuid.c ../../c/refold.h
} >origin.txt
