package nats_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// natsServer is a real server on loopback that can be stopped and started again.
type natsServer struct {
	t       testing.TB
	options server.Options
	running *server.Server
}

// startServer runs a server until the test ends. It has a user "all", who may do
// all, and "few", who may not publish to what has "forbidden" as its second token.
func startServer(t testing.TB) *natsServer {
	t.Helper()
	deny := &server.Permissions{Publish: &server.SubjectPermission{Deny: []string{"*.forbidden.>"}}}
	s := &natsServer{t: t, options: server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true,
		Users: []*server.User{{Username: "all", Password: "p"}, {Username: "few", Password: "p", Permissions: deny}},
	}}
	s.start()
	t.Cleanup(s.stop)
	return s
}

func (s *natsServer) start() {
	s.t.Helper()
	options := s.options
	running, err := server.NewServer(&options)
	if err != nil {
		s.t.Fatal(err)
	}
	running.Start()
	if !running.ReadyForConnections(30 * time.Second) {
		s.t.Fatal("the server does not come up")
	}
	s.options.Port = options.Port
	s.running = running
}

func (s *natsServer) stop() {
	if s.running != nil {
		s.running.Shutdown()
		s.running.WaitForShutdown()
		s.running = nil
	}
}

// as connects as a user of the server, for an executor.
func (s *natsServer) as(user string) func(...client.Option) (*client.Conn, error) {
	return func(opts ...client.Option) (*client.Conn, error) {
		return client.Connect(s.url(), append(opts, client.UserInfo(user, "p"))...)
	}
}

func (s *natsServer) url() string { return fmt.Sprintf("nats://127.0.0.1:%d", s.options.Port) }

// admin is a connection for the test itself.
func (s *natsServer) admin() (*client.Conn, jetstream.JetStream) {
	s.t.Helper()
	nc, err := client.Connect(s.url(), client.UserInfo("all", "p"), client.MaxReconnects(-1), client.ReconnectWait(10*time.Millisecond))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		s.t.Fatal(err)
	}
	return nc, js
}

// await waits for a condition.
func await(t testing.TB, holds func() bool) {
	t.Helper()
	for ctx := soon(t); !holds(); time.Sleep(time.Millisecond) {
		if ctx.Err() != nil {
			t.Fatal("waited for too long")
		}
	}
}

// numbers make names that no other case has.
var numbers atomic.Int64

func unique(prefix string) string { return fmt.Sprint(prefix, numbers.Add(1)) }

// soon bounds what the test itself waits for.
func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}
