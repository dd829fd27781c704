// Package wire is what Refold and a plugin that is a process say to each other:
// the messages of refold.proto, and how a process introduces itself.
//
// refold.pb.go and refold_grpc.pb.go are made from refold.proto, by
//
//	go generate ./sdk/process/wire
//
// with protoc (Debian: protobuf-compiler), and with protoc-gen-go v1.36.12 and
// protoc-gen-go-grpc v1.6.2 installed by go install.
package wire

//go:generate protoc --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative refold.proto

// The host sets CookieKey to CookieValue in a plugin's environment. It keeps
// nothing secret: it tells a person who starts a plugin by hand that this is one.
const (
	CookieKey   = "REFOLD_PLUGIN"
	CookieValue = "5f2b6c1e-refold-process-plugin"
)

// Version is that of the protocol, which host and plugin agree on.
const Version = 1

const (
	// MaxMessage bounds a message: a frame of 64 MiB and what is around it.
	MaxMessage = 65 << 20
	// MaxState bounds the message with the snapshot of a resident projection.
	MaxState = 256 << 20
	// MaxManifest bounds a manifest.
	MaxManifest = 64 << 10
)
