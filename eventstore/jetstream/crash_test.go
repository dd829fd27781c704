package jetstream_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
	"github.com/refold-dev/refold/eventstore/storetest"
	"github.com/refold-dev/refold/eventstore/storetest/process"
)

// The test binary runs itself as a process that can be killed.
const (
	childVar  = "REFOLD_TEST_CRASH_CHILD"  // a data directory
	roundsVar = "REFOLD_TEST_CRASH_ROUNDS" // how often to kill: 20 times if empty, 10 with -short
)

func crashRounds(t *testing.T) int {
	text := os.Getenv(roundsVar)
	switch {
	case text == "" && testing.Short():
		return 10
	case text == "":
		return 20
	}
	rounds, err := strconv.Atoi(text)
	if err != nil || rounds < 1 {
		t.Fatalf("%s is %q, and must be a number of at least 1", roundsVar, text)
	}
	return rounds
}

func TestMain(m *testing.M) {
	process.Serve(map[string]process.Open{"engine": openEngine})
	if dir := os.Getenv(childVar); dir != "" {
		if err := crashChild(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// crashChild appends from eight writers and reports what was acknowledged,
// until it is killed.
func crashChild(dir string) error {
	server, err := embedded.Start(embedded.Options{Dir: dir})
	if err != nil {
		return err
	}
	s, err := jetstream.Open(context.Background(), jetstream.Config{URL: server.URL(), Token: server.Token(), StreamsDir: server.StreamsDir()})
	if err != nil {
		return err
	}
	s.ReadFiles()
	return hammer(context.Background(), s, make(chan struct{}), os.Stdout)
}

// hammer appends from eight writers, one event, five or 200 at a time, and writes a
// line for each acknowledged event: its id and position. The events of one
// append carry its size and share a correlation id. It ends when stop is closed,
// with no append under way, or at the first error that repeating does not help.
func hammer(ctx context.Context, s *jetstream.Store, stop <-chan struct{}, out io.Writer) error {
	var mu sync.Mutex
	errs := make(chan error, storeWriters)
	for writer := range storeWriters {
		go func() {
			agg := event.Aggregate{Type: "compute", ID: uuid.New()}
			for i := writer; ; i++ {
				select {
				case <-stop:
					errs <- nil
					return
				default:
				}
				size := []int{1, 1, 5, 1, 1, 5, 1, 1, 200}[i%9]
				at, events, err := appendUntilKnown(ctx, s, agg, size)
				if err != nil {
					errs <- err
					return
				}
				mu.Lock()
				for j, e := range events {
					fmt.Fprintf(out, "%s %d\n", e.ID, int(at.Position)-size+1+j)
				}
				mu.Unlock()
			}
		}()
	}
	var first error
	for range storeWriters {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return first
}

const storeWriters = 8

// appendUntilKnown repeats an append for as long as its outcome is unknown.
func appendUntilKnown(ctx context.Context, s *jetstream.Store, agg event.Aggregate, size int) (eventstore.Appended, []event.Event, error) {
	events := make([]event.Event, size)
	correlation := uuid.New()
	for i := range events {
		events[i] = newEvent()
		events[i].Aggregate, events[i].CorrelationID = agg, correlation
		events[i].Data = json.RawMessage(`{"size":` + strconv.Itoa(size) + `}`)
	}
	for {
		at, err := s.Append(ctx, agg, event.Any(), events...)
		if err == nil {
			return at, events, nil
		}
		if !outage(err) {
			return at, nil, err
		}
	}
}

// TestKill kills the process again and again while it appends. Each time the
// log must be whole and have what was acknowledged.
func TestKill(t *testing.T) {
	const perLog = 20 // rounds; each reads the whole log
	var dir string
	var acknowledged map[uuid.UUID]event.Position
	for round := range crashRounds(t) {
		if round%perLog == 0 {
			dir, acknowledged = t.TempDir(), make(map[uuid.UUID]event.Position)
		}
		runChild(t, dir, 60+37*round%200, acknowledged)
		t.Run("round "+strconv.Itoa(round), func(t *testing.T) {
			s := openStore(t, startServer(t, embedded.Options{Dir: dir}), jetstream.Config{})
			wantAcknowledged(t, s, acknowledged)
		})
	}
}

// runChild runs a child until it has acknowledged some events, and kills it.
func runChild(t *testing.T, dir string, events int, acknowledged map[uuid.UUID]event.Position) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), childVar+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for n := 0; ; n++ {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // the rest of a line is no acknowledgement
		}
		note(t, acknowledged, line)
		if n == events {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
}

// note adds a line of hammer to what was acknowledged.
func note(t *testing.T, acknowledged map[uuid.UUID]event.Position, line string) {
	t.Helper()
	id, position, _ := strings.Cut(strings.TrimSpace(line), " ")
	n, err := strconv.ParseUint(position, 10, 64)
	if err != nil {
		t.Fatalf("line %q: %v", line, err)
	}
	acknowledged[uuid.MustParse(id)] = event.Position(n)
}

// wantAcknowledged checks the log of hammer: each acknowledged event where it
// was, once, and each append whole.
func wantAcknowledged(t *testing.T, s *jetstream.Store, acknowledged map[uuid.UUID]event.Position) {
	t.Helper()
	storetest.Verify(t, s)
	head, err := s.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.ReadAll(t.Context(), 1, int(head))
	if err != nil {
		t.Fatal(err)
	}
	positions := make(map[uuid.UUID]event.Position)
	parts := make(map[uuid.UUID]int)
	for _, r := range all {
		positions[r.ID] = r.Position
		var data struct{ Size int }
		if err := json.Unmarshal(r.Data, &data); err != nil || data.Size == 0 {
			t.Fatalf("data %s: %v", r.Data, err)
		}
		if parts[r.CorrelationID]++; parts[r.CorrelationID] == data.Size {
			delete(parts, r.CorrelationID)
		}
	}
	for id, n := range parts {
		t.Errorf("%d events of append %s are stored, and the others are not", n, id)
	}
	for id, at := range acknowledged {
		if positions[id] != at {
			t.Errorf("event %s was acknowledged at position %d and is at %d", id, at, positions[id])
		}
	}
	if len(acknowledged) == 0 {
		t.Error("nothing was acknowledged")
	}
}

// outage reports whether err comes from a server that is away: repeating the
// append is what its caller should do.
func outage(err error) bool {
	var unknown *eventstore.UnknownOutcomeError
	return errors.As(err, &unknown) || errors.Is(err, nats.ErrNoResponders) || errors.Is(err, nats.ErrDisconnected) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrReconnectBufExceeded)
}
