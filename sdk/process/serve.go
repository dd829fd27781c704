package process

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/refold-dev/refold/sdk/process/wire"
)

// stderr is standard error itself, which outlives the process. What go-plugin makes
// of os.Stderr passes through the connection with the host.
var stderr = os.Stderr

// serve serves a service until the host wants no more.
func serve(register func(*grpc.Server)) {
	if os.Getenv(wire.CookieKey) == wire.CookieValue {
		go endWithHost()
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion: wire.Version, MagicCookieKey: wire.CookieKey, MagicCookieValue: wire.CookieValue},
		Plugins: plugin.PluginSet{"refold": service{register: register}},
		GRPCServer: func(o []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(o, grpc.MaxRecvMsgSize(wire.MaxState), grpc.MaxSendMsgSize(wire.MaxState))...)
		},
		Logger: hclog.NewNullLogger(),
	})
}

// endWithHost ends the process when the host closes its end of standard input, or
// dies.
func endWithHost() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// service is a gRPC service as go-plugin takes it.
type service struct {
	plugin.NetRPCUnsupportedPlugin
	register func(*grpc.Server)
}

// GRPCServer registers the service.
func (s service) GRPCServer(_ *plugin.GRPCBroker, server *grpc.Server) error {
	s.register(server)
	return nil
}

// GRPCClient is the host's side, which is elsewhere.
func (s service) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("this is a plugin's side")
}
