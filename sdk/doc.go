// Package sdk is the parent of everything that host and guest share: the
// plugin ABI (ABI.md), the frame codec (sdk/frame) and its descriptions in JSON
// (sdk/framejson), the manifest (sdk/manifest), golden vectors (sdk/testdata),
// the guest kits, one folder a language, and the suite that each kit passes
// (sdk/conformance). Its tests hold ABI.md and the golden vectors to the codec.
//
// For whoever writes guests it has the languages by name (sdk/language), new
// projects (sdk/scaffold), their compilers (sdk/toolchain) and an event catalog as
// types (sdk/gen); and here, in variables, the kits' own sources.
package sdk
