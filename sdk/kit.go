package sdk

import "embed"

// Go is the source of the kit for Go, with which a guest is built and tested by
// the standard library alone: folders go, frame and manifest, as they lie in
// this one.
//
//go:embed go/README.md go/*.go go/executor/*.go go/internal/module/*.go go/refoldtest/*.go go/value/*.go frame/*.go manifest/*.go
var Go embed.FS

// C is the kit for C: c/refold.h.
//
//go:embed c/refold.h
var C embed.FS

// Rust is the kit for Rust, a crate: folder rust, without its tests.
//
//go:embed rust/Cargo.toml rust/src
var Rust embed.FS

// AssemblyScript is the kit for AssemblyScript, a package: folder assemblyscript.
//
//go:embed assemblyscript/*.ts assemblyscript/*.json assemblyscript/src
var AssemblyScript embed.FS

// Zig is the kit for Zig, a package: folder zig.
//
//go:embed zig/build.zig zig/build.zig.zon zig/README.md zig/src
var Zig embed.FS

// JavaScript is what an editor knows the kit for JavaScript by:
// javascript/refold.d.ts.
//
//go:embed javascript/refold.d.ts
var JavaScript embed.FS
