package archive

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/catalog"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/archive/internal/vfs"
)

// tiny makes many blocks and segments of few events, some of which its catalog
// changes.
var tiny = Options{SegmentBytes: 1200, BlockEvents: 3, OpenSegments: 2, Catalog: changing("note")}

// changing is a catalog that changes some of makeLog's events: their schema
// versions are 1 to 3.
func changing(field string) *catalog.Catalog {
	types, err := catalog.New(catalog.Type{Name: "created", Version: 3, Upcasters: []catalog.Upcaster{
		{From: 1, Steps: []catalog.Step{catalog.Add{Field: field, Default: []byte(`"none"`)}}},
		{From: 2, Steps: []catalog.Step{catalog.Rename{Field: "n", To: "number"}}},
	}})
	if err != nil {
		panic(err)
	}
	return types
}

// current is the log as the archive's readers see it.
func (l sliceLog) current(t fataler, a *Archive) sliceLog {
	t.Helper()
	p, err := pair(a.opts.Catalog, l)
	if err != nil {
		t.Fatalf("upcast: %v", err)
	}
	return p.current
}

func testID(kind string, n int) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceOID, binary.BigEndian.AppendUint64([]byte(kind), uint64(n)))
}

// makeLog makes n events of a few aggregates and correlations, the same ones
// each time. Their times go back and forth.
func makeLog(n int) sliceLog {
	versions := map[event.Aggregate]event.Version{}
	log := make(sliceLog, n)
	for i := range log {
		agg := event.Aggregate{Type: []string{"server", "network"}[i*i%5%2], ID: testID("aggregate", i*7%11)}
		versions[agg]++
		e := event.Event{
			ID: testID("event", i), Aggregate: agg,
			Type:          []string{"created", "changed", "removed", "touched"}[(i/9)%4],
			SchemaVersion: uint32(i%3 + 1),
			Time:          time.Unix(1_700_000_000+int64(i*31%97), int64(i)).UTC(),
			CorrelationID: testID("correlation", i*3%13),
			Data:          json.RawMessage(fmt.Sprintf(`{"n":%d}`, i)),
		}
		if i%4 == 1 {
			e.CausationID = uuid.NullUUID{UUID: testID("cause", i), Valid: true}
		}
		if i%6 == 2 {
			e.Metadata = json.RawMessage(`{"by":"test"}`)
		}
		log[i] = event.Recorded{Event: e, Position: event.Position(i + 1), Version: versions[agg]}
	}
	return log
}

// sliceLog is a log of fixed events.
type sliceLog []event.Recorded

func (l sliceLog) Head(context.Context) (event.Position, error) { return event.Position(len(l)), nil }

func (l sliceLog) ReadAll(_ context.Context, from event.Position, limit int) ([]event.Recorded, error) {
	from = min(max(from, 1)-1, event.Position(len(l)))
	return l[from:min(len(l), int(from)+limit)], nil
}

// Follow yields batches of growing size, then waits for ctx.
func (l sliceLog) Follow(ctx context.Context, after event.Position) iter.Seq2[[]event.Recorded, error] {
	return func(yield func([]event.Recorded, error) bool) {
		if int(after) > len(l) {
			yield(nil, &eventstore.GapError{Expected: after + 1, Actual: event.Position(len(l)) + 1})
			return
		}
		rest := l[after:]
		for n := 1; len(rest) > 0 && ctx.Err() == nil; n++ {
			size := min(n%10+1, len(rest))
			if !yield(rest[:size:size], nil) {
				return
			}
			rest = rest[size:]
		}
		<-ctx.Done()
	}
}

// write appends the log in steps of four events, so that the same log makes the
// same files.
func write(t testing.TB, a *Archive, log sliceLog) {
	t.Helper()
	for step := range slices.Chunk(log, 4) {
		if err := a.Append(step); err != nil {
			t.Fatalf("append: %v", err)
		}
	}
}

// fill follows the log until the archive has all of it.
func fill(t testing.TB, a *Archive, log sliceLog) {
	t.Helper()
	if err := follow(a, log); err != nil {
		t.Fatalf("follow: %v", err)
	}
}

func follow(a *Archive, log sliceLog) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- a.Follow(ctx, log) }()
	waited := make(chan error, 1)
	go func() {
		if len(log) == 0 {
			waited <- nil
			return
		}
		waited <- a.Wait(ctx, event.Position(len(log))-1)
	}()
	select {
	case err := <-ended:
		return err
	case err := <-waited:
		cancel()
		if endErr := <-ended; err == nil {
			err = endErr
		}
		return err
	}
}

func mustOpen(t testing.TB, fs vfs.FS, opts Options) *Archive {
	t.Helper()
	a, err := open(fs, opts)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return a
}

func mustClose(t testing.TB, a *Archive) {
	t.Helper()
	if err := a.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
}

func diff(want, got []event.Recorded) string {
	same := func(a, b event.Recorded) bool {
		return event.Difference(&a, &b) == "" && (a.Metadata == nil) == (b.Metadata == nil)
	}
	if slices.EqualFunc(want, got, same) {
		return ""
	}
	return cmp.Diff(want, got)
}

func (l sliceLog) where(want func(*event.Recorded) bool) []event.Recorded {
	var out []event.Recorded
	for i := range l {
		if want(&l[i]) {
			out = append(out, l[i])
		}
	}
	return out
}

// fataler is a *testing.T or a *rapid.T.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// hasPrefix makes sure that the archive is a sound copy of the log's beginning.
func hasPrefix(t fataler, a *Archive, log sliceLog) {
	t.Helper()
	log = log[:a.Head()]
	all, err := a.ReadAll(1, len(log)+1)
	if d := diff(log.current(t, a), all); err != nil || d != "" {
		t.Fatalf("ReadAll: %v\n%s", err, d)
	}
	var stored []event.Recorded
	for batch, err := range a.Missing(1) {
		if err != nil {
			t.Fatalf("Missing: %v", err)
		}
		stored = append(stored, batch...)
	}
	if d := diff(log, stored); d != "" {
		t.Fatalf("Missing:\n%s", d)
	}
	if r, err := a.Verify(context.Background()); err != nil || int(r.Head) != len(log) || int(r.Events) != len(log) {
		t.Fatalf("Verify: %+v, %v", r, err)
	}
}

// agree compares all ways to read the archive with the log it is a copy of.
func agree(t fataler, a *Archive, log sliceLog) {
	t.Helper()
	if head := a.Head(); int(head) != len(log) {
		t.Fatalf("head is %d, want %d", head, len(log))
	}
	hasPrefix(t, a, log)
	log = log.current(t, a)
	agreeBlocks(t, a, log)
	agreePages(t, a, log)
	agreeAggregates(t, a, log)
	agreeCorrelations(t, a, log)
	for i := range log {
		at, ok, err := a.Find(log[i].ID)
		if at != log[i].Position || !ok || err != nil {
			t.Fatalf("Find of position %d: %d, %v, %v", i+1, at, ok, err)
		}
	}
	if at, ok, err := a.Find(testID("none", 0)); ok || err != nil {
		t.Fatalf("Find of an unknown id: %d, %v", at, err)
	}
	agreeTimes(t, a, log)
}

func agreeBlocks(t fataler, a *Archive, log sliceLog) {
	t.Helper()
	next := event.Position(1)
	for b, err := range a.Blocks(1) {
		if err != nil || b.First != next {
			t.Fatalf("Blocks at position %d: block of %d, %v", next, b.First, err)
		}
		for e := range b.Batch.Group(0).Events() {
			if want := &log[next-1]; event.Position(e.Position()) != next || !bytes.Equal(e.ID(), want.ID[:]) || !bytes.Equal(e.Data(), want.Data) {
				t.Fatalf("Blocks: another event at position %d", next)
			}
			next++
		}
	}
	if int(next) != len(log)+1 {
		t.Fatalf("Blocks ended before position %d of %d", next, len(log))
	}
}

func agreeAggregates(t fataler, a *Archive, log sliceLog) {
	t.Helper()
	seen := map[event.Aggregate]bool{{Type: "server", ID: testID("none", 0)}: true, {Type: "none", ID: testID("aggregate", 0)}: true}
	for i := range log {
		seen[log[i].Aggregate] = true
	}
	for agg := range seen {
		want := log.where(func(r *event.Recorded) bool { return r.Aggregate == agg })
		for _, from := range []int{0, 1, 2, len(want) / 2, len(want), len(want) + 1} {
			got, err := a.Aggregate(agg, event.Version(from))
			if d := diff(want[min(max(from-1, 0), len(want)):], got); err != nil || d != "" {
				t.Fatalf("Aggregate %s from %d: %v\n%s", agg, from, err, d)
			}
		}
		var last event.Recorded
		if len(want) > 0 {
			last = want[len(want)-1]
		}
		version, at, err := lastOf(a, agg)
		if err != nil || version != last.Version || at != last.Position {
			t.Fatalf("Last of %s: version %d at %d, %v", agg, version, at, err)
		}
	}
}

func agreeCorrelations(t fataler, a *Archive, log sliceLog) {
	t.Helper()
	for n := range 14 {
		id := testID("correlation", n)
		want := log.where(func(r *event.Recorded) bool { return r.CorrelationID == id })
		slices.SortStableFunc(want, func(a, b event.Recorded) int { return a.Time.Compare(b.Time) })
		got, err := a.Correlation(id)
		if d := diff(want, got); err != nil || d != "" {
			t.Fatalf("Correlation %d: %v\n%s", n, err, d)
		}
	}
}

func agreeTimes(t fataler, a *Archive, log sliceLog) {
	t.Helper()
	base := time.Unix(1_700_000_000, 0)
	for _, r := range [][2]time.Time{{base, base.Add(97 * time.Second)}, {base.Add(30 * time.Second), base.Add(33 * time.Second)}, {base.Add(time.Second), base}, {{}, base.AddDate(9999, 0, 0)}} {
		want := log.where(func(e *event.Recorded) bool { return !e.Time.Before(r[0]) && !e.Time.After(r[1]) })
		got, err := a.TimeRange(r[0], r[1])
		if d := diff(want, got); err != nil || d != "" {
			t.Fatalf("TimeRange %v: %v\n%s", r, err, d)
		}
	}
}

// lastOf is where an aggregate's last event stands.
func lastOf(a *Archive, agg event.Aggregate) (event.Version, event.Position, error) {
	s, err := a.snapshot()
	if err != nil {
		return 0, 0, err
	}
	defer s.release()
	return s.last(agg)
}
