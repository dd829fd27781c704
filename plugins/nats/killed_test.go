package nats_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/nats"
)

// serverEnv makes this program a NATS server, which a test can kill: its value is
// the address, and the folder of its streams.
const serverEnv = "REFOLD_TEST_NATS_SERVER"

func TestMain(m *testing.M) {
	if port, dir, ok := serverAsked(); ok {
		serve(port, dir)
	}
	goleak.VerifyTestMain(m)
}

func serverAsked() (port int, dir string, ok bool) {
	n, err := fmt.Sscanf(os.Getenv(serverEnv), "%d %s", &port, &dir)
	return port, dir, n == 2 && err == nil
}

// serve never returns.
func serve(port int, dir string) {
	running, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: dir, NoLog: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	running.Start()
	running.WaitForShutdown()
	os.Exit(0)
}

// victim is a server in a process of its own.
type victim struct {
	t       *testing.T
	port    int
	dir     string
	command *exec.Cmd
}

func newVictim(t *testing.T) *victim {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	v := &victim{t: t, port: listener.Addr().(*net.TCPAddr).Port, dir: t.TempDir()}
	_ = listener.Close()
	t.Cleanup(v.kill)
	v.start()
	return v
}

func (v *victim) start() {
	v.command = exec.Command(os.Args[0])
	v.command.Env = append(os.Environ(), fmt.Sprintf("%s=%d %s", serverEnv, v.port, v.dir))
	v.command.Stderr = os.Stderr
	if err := v.command.Start(); err != nil {
		v.t.Fatal(err)
	}
}

// kill is kill -9.
func (v *victim) kill() {
	_ = v.command.Process.Kill()
	_ = v.command.Wait() // it was killed
}

func (v *victim) connect(opts ...client.Option) (*client.Conn, error) {
	return client.Connect(fmt.Sprintf("nats://127.0.0.1:%d", v.port), opts...)
}

// dial connects to a server that has just been started.
func (v *victim) dial() jetstream.JetStream {
	var nc *client.Conn
	await(v.t, func() (up bool) {
		var err error
		nc, err = v.connect(client.MaxReconnects(-1), client.ReconnectWait(10*time.Millisecond))
		return err == nil
	})
	v.t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		v.t.Fatal(err)
	}
	return js
}

// TestServerKilledWhilePublishing: a server that is killed again and again loses no
// message, has none twice, and none out of order.
func TestServerKilledWhilePublishing(t *testing.T) {
	if testing.Short() {
		t.Skip("kills and starts servers")
	}
	v := newVictim(t)
	js := v.dial()
	_, err := js.CreateStream(soon(t), jetstream.StreamConfig{Name: "READ", Subjects: []string{"read.>"}, Duplicates: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	p, err := nats.OpenPublisher(t.Context(), v.connect, nats.PublishConfig{Subject: "read.{name}", Stream: "READ"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	const total, size = 10_000, 500
	var want []string
	for after := event.Position(0); after < total; after += size {
		b := effect.Batch{Pipeline: "p", Generation: 1, After: after, Through: after + size}
		for at := after + 1; at <= b.Through; at++ {
			b.Effects = append(b.Effects, effect.Effect{Kind: effect.Delete, Cause: at, Name: "items", Key: fmt.Sprint(at)})
			want = append(want, effect.ID("p", 1, at, 0).String())
		}
		publishBeside(t, p, b, after%(4*size) == 0, v)
	}
	if got := idsOf(t, js); !slices.Equal(got, want) {
		t.Errorf("%d messages in the stream, not the %d in their order", len(got), len(want))
	}
}

// publishBeside publishes a batch and, if it is to be so, kills the server meanwhile.
func publishBeside(t *testing.T, p *nats.Publisher, b effect.Batch, kill bool, v *victim) {
	t.Helper()
	var killing sync.WaitGroup
	defer killing.Wait()
	if kill {
		killing.Go(func() {
			time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond) // a moment of chance
			v.kill()
			v.start()
		})
	}
	untilDone(t, p, b)
}

// untilDone does what the engine does about errors.
func untilDone(t *testing.T, p *nats.Publisher, b effect.Batch) {
	t.Helper()
	await(t, func() bool {
		err := p.Execute(t.Context(), b)
		var partial *effect.PartialError
		if errors.As(err, &partial) {
			at := slices.IndexFunc(b.Effects, func(f effect.Effect) bool { return f.Cause == partial.Cause })
			b.Effects = b.Effects[at:]
		}
		var passes *effect.RetryError
		if err != nil && !errors.As(err, &passes) {
			t.Fatal(err)
		}
		return err == nil
	})
}

// idsOf are the ids of all messages of the stream READ, in their order.
func idsOf(t *testing.T, js jetstream.JetStream) (ids []string) {
	t.Helper()
	stream, err := js.Stream(soon(t), "READ")
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := stream.OrderedConsumer(soon(t), jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for uint64(len(ids)) < stream.CachedInfo().State.Msgs {
		m, err := consumer.Next()
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, m.Headers().Get(client.MsgIdHdr))
	}
	return ids
}
