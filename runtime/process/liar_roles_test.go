package process_test

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/refold-dev/refold/sdk/process/wire"
)

// serveLiar serves both services and answers with what nobody expects, as its first
// argument says.
func serveLiar(args []string) {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	l := &liar{how: args[0]}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{ProtocolVersion: wire.Version, MagicCookieKey: wire.CookieKey, MagicCookieValue: wire.CookieValue},
		Plugins:         plugin.PluginSet{"refold": liars{l: l}},
		GRPCServer:      plugin.DefaultGRPCServer,
		Logger:          hclog.NewNullLogger(),
	})
}

type liars struct {
	plugin.NetRPCUnsupportedPlugin
	l *liar
}

func (l liars) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	wire.RegisterProjectionServer(s, &lyingProjection{liar: l.l})
	wire.RegisterExecutorServer(s, &lyingExecutor{liar: l.l})
	return nil
}

func (l liars) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("this is a plugin's side")
}

type liar struct {
	how   string
	calls int
}

type lyingProjection struct {
	wire.UnimplementedProjectionServer
	*liar
}

func (l *lyingProjection) Describe(context.Context, *wire.DescribeRequest) (*wire.DescribeReply, error) {
	l.calls++
	text := `{"abi":1,"name":"liar","state":"stateless"}`
	switch l.how {
	case "manifest":
		text = `{"abi":1,"name":"","state":"stateless"}`
	case "large manifest":
		text += strings.Repeat(" ", 1<<20)
	case "other manifest":
		text += strings.Repeat(" ", l.calls)
	}
	return &wire.DescribeReply{Manifest: []byte(text)}, nil
}

func (l *lyingProjection) Fold(context.Context, *wire.FoldRequest) (*wire.FoldReply, error) {
	beyond := uint32(1000)
	switch l.how {
	case "nothing":
		return &wire.FoldReply{}, nil
	case "beyond":
		return &wire.FoldReply{Outcome: &wire.FoldReply_Fault{Fault: &wire.Fault{Reason: "line\nfeed\xff", Event: &beyond}}}, nil
	case "beyond quietly":
		return &wire.FoldReply{Outcome: &wire.FoldReply_Fault{Fault: &wire.Fault{Event: &beyond}}}, nil
	case "large":
		return &wire.FoldReply{Outcome: &wire.FoldReply_Result{Result: make([]byte, wire.MaxMessage+1)}}, nil
	case "larger than a frame":
		return &wire.FoldReply{Outcome: &wire.FoldReply_Result{Result: make([]byte, 64<<20+1)}}, nil
	}
	return nil, errors.New("an error of its own")
}

type lyingExecutor struct {
	wire.UnimplementedExecutorServer
	*liar
}

func (l *lyingExecutor) Open(context.Context, *wire.OpenRequest) (*wire.OpenReply, error) {
	return &wire.OpenReply{Handles: []wire.Kind{wire.Kind_LOG, wire.Kind_QUERY, 77}, Transactional: true, Position: 5, Active: true}, nil
}

func (l *lyingExecutor) Execute(_ context.Context, r *wire.ExecuteRequest) (*wire.ExecuteReply, error) {
	reply := &wire.ExecuteReply{Position: r.GetThrough()}
	switch l.how {
	case "behind":
		reply.Position = 5
	case "ahead":
		reply.Position = r.GetThrough() + 1
	case "moved though it failed":
		reply.Failure = &wire.Failure{}
	case "poison elsewhere":
		reply.Position, reply.Failure = 5, &wire.Failure{Class: wire.Failure_POISON, Cause: 99}
	case "done elsewhere":
		reply.Position, reply.Failure = 5, &wire.Failure{Class: wire.Failure_RETRY, Done: &wire.Done{Cause: 99}}
	case "cancelled":
		reply.Position, reply.Failure = 5, &wire.Failure{Class: wire.Failure_CANCELLED}
	case "for ever":
		reply.Position, reply.Failure = 5, &wire.Failure{Class: wire.Failure_RETRY, RetryAfterMs: 1 << 63}
	case "unknown class":
		reply.Position, reply.Failure = 5, &wire.Failure{Class: 42, Reason: strings.Repeat("long ", 1<<20)}
	}
	return reply, nil
}

func (l *lyingExecutor) Close(context.Context, *wire.CloseRequest) (*wire.CloseReply, error) {
	return &wire.CloseReply{}, nil
}

func (l *lyingExecutor) Query(context.Context, *wire.ReadRequest) (*wire.ReadReply, error) {
	return &wire.ReadReply{Answer: []byte("{")}, nil
}
