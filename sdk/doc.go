// Package sdk is the parent of everything that host and guest share: the
// plugin ABI (ABI.md), the frame codec (sdk/frame) and its descriptions in JSON
// (sdk/framejson), the manifest (sdk/manifest), golden vectors (sdk/testdata),
// the guest kits, one folder a language, and the suite that each kit passes
// (sdk/conformance). Its tests hold ABI.md and the golden vectors to the codec.
package sdk
