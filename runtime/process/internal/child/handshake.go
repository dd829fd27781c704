package child

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/hashicorp/go-plugin"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/sdk/process/wire"
)

// maxHandshake bounds the first line of a plugin's standard output.
const maxHandshake = 64 << 10

const hintServe = "serve it with sdk/process, or as its README says; nothing may be printed before"

// checkHandshake reads the line by which a plugin introduces itself,
//
//	core version | protocol version | network | address | grpc | certificate
//
// and says why it is none that this host accepts; nil if it is.
func checkHandshake(line string) *runtime.GuestError {
	refuse := func(code runtime.Code, hint, format string, args ...any) *runtime.GuestError {
		return &runtime.GuestError{Code: code, Event: runtime.NoEvent, Reason: fmt.Sprintf(format, args...), Hint: hint}
	}
	parts := strings.Split(strings.TrimSpace(line), "|")
	if len(parts) < 6 || parts[0] != strconv.Itoa(plugin.CoreProtocolVersion) {
		return refuse(runtime.BadHandshake, hintServe, "printed %q in the place of its handshake", cut(line, 80))
	}
	version, network, address, protocol, certificate := parts[1], parts[2], parts[3], parts[4], parts[5]
	switch {
	case version != strconv.Itoa(wire.Version):
		return refuse(runtime.WrongProtocol, "build it with the kit of this version, or run the Refold that it was built for",
			"speaks version %s of the protocol; this Refold speaks %d", cut(version, 20), wire.Version)
	case protocol != string(plugin.ProtocolGRPC):
		return refuse(runtime.WrongProtocol, hintServe, "speaks %q; this Refold speaks grpc", cut(protocol, 20))
	case len(certificate) <= 50: // go-plugin takes no less for one
		return refuse(runtime.BadHandshake, hintServe, "has no certificate in its handshake")
	case !isLocal(network, address):
		return refuse(runtime.BadHandshake, "listen on a Unix socket or on 127.0.0.1",
			"listens on %s %q, which is not on this machine alone", cut(network, 20), cut(address, 80))
	}
	return nil
}

// isLocal reports whether an address can be reached from this machine only.
func isLocal(network, address string) bool {
	switch network {
	case "unix":
		return address != ""
	case "tcp":
		host, _, err := net.SplitHostPort(address)
		ip := net.ParseIP(host)
		return err == nil && ip != nil && ip.IsLoopback()
	}
	return false
}

func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
