package archive

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/catalog"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/archive/internal/vfs"
)

// model is an archive beside the slice that it should equal.
type model struct {
	fs      *vfs.Mem
	opts    Options
	archive *Archive
	log     sliceLog // all there ever is
	head    int      // what the archive has of it
}

// TestModel makes random calls, with power cuts and kills between them.
func TestModel(t *testing.T) {
	log := makeLog(250)
	rapid.Check(t, func(t *rapid.T) {
		m := &model{fs: vfs.NewMem(), log: log, opts: Options{
			SegmentBytes: rapid.Int64Range(1, 20_000).Draw(t, "segment bytes"),
			BlockEvents:  rapid.IntRange(1, 8).Draw(t, "block events"),
			BlockBytes:   rapid.IntRange(1, 2000).Draw(t, "block bytes"),
			OpenSegments: rapid.IntRange(1, 3).Draw(t, "open segments"),
			Catalog:      rapid.SampledFrom([]*catalog.Catalog{nil, changing("note")}).Draw(t, "catalog"),
		}}
		m.open(t)
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			rapid.SampledFrom([]func(*rapid.T){m.append, m.append, m.append, m.page, m.blocks, m.types, m.reopen, m.kill, m.crash, m.heal}).Draw(t, "step")(t)
		}
		agree(t, m.archive, m.log[:m.head])
	})
}

func (m *model) open(t *rapid.T) {
	a, err := open(m.fs, m.opts)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	m.archive = a
}

func (m *model) append(t *rapid.T) {
	n := min(rapid.IntRange(0, 30).Draw(t, "events"), len(m.log)-m.head)
	if err := m.archive.Append(m.log[m.head : m.head+n]); err != nil {
		t.Fatalf("append: %v", err)
	}
	m.head += n
	if got := m.archive.Head(); int(got) != m.head {
		t.Fatalf("head is %d after appending, want %d", got, m.head)
	}
}

func (m *model) page(t *rapid.T) {
	from, limit := rapid.IntRange(0, m.head+2).Draw(t, "from"), rapid.IntRange(0, 50).Draw(t, "limit")
	got, err := m.archive.ReadAll(event.Position(from), limit)
	want, _ := m.log[:m.head].current(t, m.archive).ReadAll(t.Context(), event.Position(from), limit)
	if d := diff(want, got); err != nil || d != "" {
		t.Fatalf("ReadAll of %d from %d: %v\n%s", limit, from, err, d)
	}
}

func (m *model) blocks(t *rapid.T) {
	from := rapid.IntRange(0, m.head+2).Draw(t, "from")
	next := 0
	for b, err := range m.archive.Blocks(event.Position(from)) {
		if err != nil || next != 0 && int(b.First) != next || next == 0 && (int(b.First) > max(from, 1) || int(b.First)+b.Events <= from) {
			t.Fatalf("Blocks from %d: block of %d, %d events, %v", from, b.First, b.Events, err)
		}
		next = int(b.First) + b.Events
	}
	if next != m.head+1 && from <= m.head && m.head > 0 {
		t.Fatalf("Blocks from %d ended before %d, want %d", from, next, m.head+1)
	}
}

// types reads the blocks that may have one of some types: all events of those
// types are in them, and each block has at least one.
func (m *model) types(t *rapid.T) {
	types := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"created", "changed", "removed", "none"}), 1, 3, rapid.ID).Draw(t, "types")
	wanted := map[string]bool{}
	for _, name := range types {
		wanted[name] = true
	}
	got := 0
	for b, err := range m.archive.Blocks(1, types...) {
		if err != nil {
			t.Fatalf("Blocks: %v", err)
		}
		had := got
		for e := range b.Batch.Group(0).Events() {
			if wanted[string(e.Type())] {
				got++
			}
		}
		if got == had {
			t.Fatalf("block of %d has no event of %v", b.First, types)
		}
	}
	want := m.log[:m.head].where(func(r *event.Recorded) bool { return wanted[r.Type] })
	if got != len(want) {
		t.Fatalf("%d events of %v, want %d", got, types, len(want))
	}
}

func (m *model) reopen(t *rapid.T) {
	if err := m.archive.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	m.open(t)
	if got := m.archive.Head(); int(got) != m.head {
		t.Fatalf("head is %d after reopening, want %d", got, m.head)
	}
}

// kill ends the process; everything written is still there.
func (m *model) kill(t *rapid.T) {
	m.fs.Kill()
	m.open(t)
	if got := m.archive.Head(); int(got) != m.head {
		t.Fatalf("head is %d after a kill, want %d", got, m.head)
	}
}

// crash cuts the power: what is left is a prefix.
func (m *model) crash(t *rapid.T) {
	m.fs.Crash(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)))
	m.open(t)
	if got := m.archive.Head(); int(got) > m.head {
		t.Fatalf("head is %d after a crash, was %d", got, m.head)
	}
	m.head = int(m.archive.Head())
	hasPrefix(t, m.archive, m.log)
}

func (m *model) heal(t *rapid.T) {
	if damage, err := m.archive.Heal(t.Context()); damage != nil || err != nil {
		t.Fatalf("healing what is whole: %v, %v", damage, err)
	}
}
