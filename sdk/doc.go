// Package sdk is the parent of everything that host and guest share: the
// plugin ABI (ABI.md), the frame codec (sdk/frame), the manifest
// (sdk/manifest), golden vectors (sdk/testdata), and the guest kits, one folder
// a language.
package sdk
