// Package toolchain builds a project of a projection with its language's own
// compiler.
//
//   - [Detect] says in which language a folder's projection is written, by what
//     lies in it.
//   - [Build] runs the compiler and returns the [Module].
//
// | language | shown by | compiler | the module's name |
// |---|---|---|---|
// | Go | go.mod | go | the module path's last element |
// | C | *.c | clang, wasm-ld | the source's, or the folder's where there are several |
// | Rust | Cargo.toml | cargo, or rustc without it | the package's |
// | AssemblyScript | asconfig.json | asc | the package's |
// | Zig | src/main.zig or build.zig | zig | the folder's |
// | JavaScript | *.js | none: the file is the module | the script's |
//
// Invariants:
//
//  1. A module is replaced in one step, once it is built: an engine or a test
//     that reads it meanwhile has the old one or the new one.
//  2. What a compiler writes goes to Options.Output as it comes.
//  3. A tool that is missing is a [MissingError], which says how to install it.
//
// It loads no module: whether the sandbox takes it is the host's to say. Start
// reading at Build.
package toolchain
