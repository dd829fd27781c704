package sdk

import "embed"

// Go is the source of the kit for Go, which is enough to build a guest with the
// standard library alone: folders go and frame, as they lie in this one.
//
//go:embed go/*.go frame/*.go
var Go embed.FS
