package jetstream_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/storetest"
)

// natsProcess is a NATS server in a process of its own.
type natsProcess struct {
	t       *testing.T
	program string
	config  string // path of its configuration
	url     string
	command *exec.Cmd
}

// startNATS runs the server with what config adds to a port and a directory
// for JetStream, until the test ends.
func startNATS(t *testing.T, program, config string) *natsProcess {
	t.Helper()
	p := prepareNATS(t, program, t.TempDir(), config)
	p.start()
	t.Cleanup(p.kill)
	return p
}

// prepareNATS is startNATS without the start.
func prepareNATS(t *testing.T, program, dir, config string) *natsProcess {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	p := &natsProcess{t: t, program: program, config: filepath.Join(dir, "nats.conf"), url: "nats://" + address}
	text := fmt.Sprintf("listen: %q\njetstream { store_dir: %q }\n%s\n", address, filepath.Join(dir, "data"), config)
	if err := os.WriteFile(p.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// start returns when the server says that it is ready.
func (p *natsProcess) start() {
	p.t.Helper()
	p.command = exec.Command(p.program, "-c", p.config)
	log, err := p.command.StderrPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		p.t.Fatal(err)
	}
	lines := bufio.NewScanner(log)
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
		if strings.Contains(lines.Text(), "Server is ready") {
			go func() { _, _ = io.Copy(io.Discard, log) }() // ends with the process
			return
		}
	}
	p.t.Fatalf("the server did not start:\n%s", strings.Join(said, "\n"))
}

func (p *natsProcess) kill() {
	_ = p.command.Process.Kill() // it may have been killed before
	_ = p.command.Wait()
}

// interrupt stops the server in order.
func (p *natsProcess) interrupt() error {
	return errors.Join(p.command.Process.Signal(os.Interrupt), p.command.Wait())
}

// buildNATS builds the server of the module in go.mod.
func buildNATS(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds a NATS server")
	}
	program := filepath.Join(t.TempDir(), "nats-server")
	if out, err := exec.Command("go", "build", "-o", program, "github.com/nats-io/nats-server/v2").CombinedOutput(); err != nil {
		t.Fatalf("building nats-server: %v\n%s", err, out)
	}
	return program
}

func openConfig(t *testing.T, cfg jetstream.Config) *jetstream.Store {
	t.Helper()
	s, err := jetstream.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestExternalServer is let in by a server elsewhere, in each way that there is, and
// runs the contract against it once.
func TestExternalServer(t *testing.T) {
	if testing.Short() {
		t.Skip("short: the suite runs on the embedded server")
	}
	program := buildNATS(t)
	t.Run("token", func(t *testing.T) {
		server := startNATS(t, program, `authorization { token: "let-me-in" }`)
		runWithoutChains(t, jetstream.Config{URL: server.url, Token: "let-me-in"})
		wantOpenError[*jetstream.RefusedError](t, jetstream.Config{URL: server.url, Token: "wrong"})
		server.kill()
		wantOpenError[*jetstream.UnreachableError](t, jetstream.Config{URL: server.url, Token: "let-me-in"})
	})
	t.Run("user", func(t *testing.T) {
		server := startNATS(t, program, `authorization { user: ada, password: "let-me-in" }`)
		appendAndRead(t, jetstream.Config{URL: server.url, User: "ada", Password: "let-me-in"})
		wantOpenError[*jetstream.RefusedError](t, jetstream.Config{URL: server.url, User: "ada", Password: "wrong"})
	})
	t.Run("tls", func(t *testing.T) {
		ours, others := newAuthority(t), newAuthority(t)
		cert, key := ours.certify(t)
		server := startNATS(t, program, fmt.Sprintf("tls { cert_file: %q, key_file: %q }", cert, key))
		appendAndRead(t, jetstream.Config{URL: server.url, CAFile: ours.file})
		wantOpenError[*jetstream.UntrustedError](t, jetstream.Config{URL: server.url, CAFile: others.file})
		wantOpenError[*jetstream.UntrustedError](t, jetstream.Config{URL: server.url})
	})
	t.Run("a client's certificate", func(t *testing.T) {
		ours, others := newAuthority(t), newAuthority(t)
		cert, key := ours.certify(t)
		server := startNATS(t, program, fmt.Sprintf("tls { cert_file: %q, key_file: %q, ca_file: %q, verify: true }", cert, key, ours.file))
		cfg := jetstream.Config{URL: server.url, CAFile: ours.file}
		wantOpenError[*jetstream.RefusedError](t, cfg)
		cfg.CertFile, cfg.KeyFile = others.certify(t)
		wantOpenError[*jetstream.RefusedError](t, cfg)
		cfg.CertFile, cfg.KeyFile = ours.certify(t)
		appendAndRead(t, cfg)
	})
	t.Run("credentials", func(t *testing.T) {
		ours, others := newOperator(t), newOperator(t)
		server := startNATS(t, program, ours.config)
		appendAndRead(t, jetstream.Config{URL: server.url, CredentialsFile: ours.user})
		wantOpenError[*jetstream.RefusedError](t, jetstream.Config{URL: server.url, CredentialsFile: others.user})
		wantOpenError[*jetstream.RefusedError](t, jetstream.Config{URL: server.url})
	})
}

// appendAndRead is for a way in that changes nothing of what comes after.
func appendAndRead(t *testing.T, cfg jetstream.Config) {
	t.Helper()
	s := openConfig(t, cfg)
	want := newEvent()
	if _, err := s.Append(t.Context(), testAggregate, event.None(), want); err != nil {
		t.Fatal(err)
	}
	if got, err := s.ReadAll(t.Context(), 1, 2); err != nil || len(got) != 1 || got[0].ID != want.ID {
		t.Errorf("got %v, %v", got, err)
	}
}

// runWithoutChains runs the suite on streams that take no chains, as an older
// server makes them: imports go by atomic batches.
func runWithoutChains(t *testing.T, cfg jetstream.Config) {
	nc, err := nats.Connect(cfg.URL, nats.Token(cfg.Token))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := natsjs.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	var logs atomic.Int32
	storetest.RunLog(t, storetest.Features{}, func(t *testing.T) eventstore.Log {
		cfg.Prefix = fmt.Sprintf("log_%d", logs.Add(1))
		sc := soundStream()
		sc.Name, sc.Subjects = strings.ToUpper(cfg.Prefix)+"_EVENTS", []string{cfg.Prefix + ".>"}
		if _, err := js.CreateStream(t.Context(), sc); err != nil {
			t.Fatal(err)
		}
		return openConfig(t, cfg)
	})
}

func wantOpenError[E error](t *testing.T, cfg jetstream.Config) {
	t.Helper()
	s, err := jetstream.Open(t.Context(), cfg)
	if err == nil {
		_ = s.Close() // always nil
	}
	if _, ok := errors.AsType[E](err); !ok {
		t.Errorf("opening: %v (%T)", err, err)
	}
}

// TestExternalServerKilled kills a server elsewhere under eight writers and a
// follower, again and again. Nothing acknowledged may be lost or stored twice,
// and the follower must go on where it was.
func TestExternalServerKilled(t *testing.T) {
	server := startNATS(t, buildNATS(t), "")
	s := openConfig(t, jetstream.Config{URL: server.url})
	stop := make(chan struct{})
	out, in := io.Pipe()
	var done sync.WaitGroup
	done.Go(func() {
		if err := hammer(t.Context(), s, stop, in); err != nil {
			t.Error(err)
		}
		_ = in.Close() // always nil
	})
	following := follow(t, s)
	acknowledged := make(map[uuid.UUID]event.Position)
	lines := bufio.NewReader(out)
	const perRound = 300
	rounds := crashRounds(t)
	for n := 1; ; n++ {
		line, err := lines.ReadString('\n')
		if err != nil {
			break
		}
		note(t, acknowledged, line)
		switch {
		case n == rounds*perRound+perRound:
			close(stop)
		case n%perRound == 0 && n <= rounds*perRound:
			server.kill()
			server.start()
		}
	}
	done.Wait()
	wantAcknowledged(t, s, acknowledged)
	head, err := s.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := following(head); err != nil {
		t.Error(err)
	}
}

// follow follows the log from now on. The function it returns waits until a
// position was seen, and says whether all before it were, in order.
func follow(t *testing.T, s *jetstream.Store) func(through event.Position) error {
	ctx, cancel := context.WithCancel(t.Context())
	seen := make(chan event.Position, 1<<16)
	var err error
	go func() {
		defer close(seen)
		for batch, followErr := range s.Follow(ctx, 0) {
			if err = followErr; err != nil {
				return
			}
			for _, r := range batch {
				seen <- r.Position
			}
		}
	}()
	return func(through event.Position) error {
		defer cancel()
		next := event.Position(1)
		for position := range seen {
			if position != next {
				return fmt.Errorf("the follower saw position %d where %d should be", position, next)
			}
			if next++; next > through {
				return nil
			}
		}
		return fmt.Errorf("the follower ended before position %d: %w", next, err)
	}
}
