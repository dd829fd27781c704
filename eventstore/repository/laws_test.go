package repository_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/repository"
	"github.com/refold-dev/refold/eventstore/snapshot"
)

// world is some resources in a log, which several programs share with one
// folder of snapshots.
type world struct {
	log     *memory.Store
	dir     string
	numbers int                  // event ids that have been used
	running []program            // that have been for long, and remember
	old     []aggregate.Snapshot // some that were kept at some time
}

// variants are the programs: revision 2 marks every state, and reads through a
// catalog or not. What one takes for its own of another's shows in the state.
type variant struct {
	revision string
	digest   [32]byte
}

var variants = []variant{
	{"1", [32]byte{}}, {"1", [32]byte{}}, {"1", [32]byte{}}, {"1", [32]byte{}}, // the most common, so that it meets its own snapshots
	{"2", [32]byte{}}, {"1", [32]byte{7}}, {"2", [32]byte{7}},
}

func (v variant) definition() definition {
	d := compute.Definition()
	d.StateCodec.Revision = v.revision
	if v.revision == "2" {
		d.Evolve = func(s compute.State, e compute.Event) compute.State {
			s = s.Apply(e)
			s.Metadata = append([]compute.MetadataEntry{{Key: "revision", Value: "2"}}, s.Metadata[min(1, len(s.Metadata)):]...)
			return s
		}
	}
	return d
}

// view is the log as a variant's catalog has it; with between, others write
// between the reads of one load.
type view struct {
	*memory.Store
	v       variant
	between func()
}

func (w view) Read(ctx context.Context, agg event.Aggregate, from event.Version) ([]event.Recorded, error) {
	if w.between != nil {
		w.between()
	}
	events, err := w.Store.Read(ctx, agg, from)
	for i := range events {
		if w.v.digest != [32]byte{} && events[i].Type == "asset_tag_assigned" {
			events[i].Data = []byte(`{"asset_tag":"upcast"}`)
		}
	}
	return events, err
}

// program is a repository that is not made anew for each load.
type program struct {
	variant
	calls *reads
	*resources
}

// current is the world's log of now, as a variant's catalog has it.
type current struct {
	w *world
	v variant
}

func (c current) Append(ctx context.Context, agg event.Aggregate, expected event.Expected, events ...event.Event) (eventstore.Appended, error) {
	return c.w.log.Append(ctx, agg, expected, events...)
}

func (c current) Read(ctx context.Context, agg event.Aggregate, from event.Version) ([]event.Recorded, error) {
	return view{c.w.log, c.v, nil}.Read(ctx, agg, from)
}

// run starts the programs. They remember one or two resources.
func (w *world) run() {
	for _, v := range []variant{{"1", [32]byte{}}, {"1", [32]byte{7}}, {"2", [32]byte{}}} {
		calls := &reads{Store: current{w, v}}
		o := repository.Options{Snapshots: snapshot.At(w.dir), Every: 3, Digest: v.digest, Remember: 1}
		w.running = append(w.running, program{v, calls, repository.New(calls, v.definition(), o)})
	}
}

// TestSnapshotAndTailIsAReplay is invariant 4: whatever was done to a folder of
// snapshots and to the log, and whatever is remembered, each load gives what a
// replay of the log's events gives, and so does each change.
func TestSnapshotAndTailIsAReplay(t *testing.T) {
	checks, used, remembered := 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		checks++
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		w := &world{log: memory.New(), dir: dir}
		w.run()
		rt.Repeat(map[string]func(*rapid.T){
			"append":  w.append,
			"load":    func(rt *rapid.T) { used += w.load(rt, nil) },
			"again":   func(rt *rapid.T) { used += w.load(rt, nil) },
			"writers": func(rt *rapid.T) { used += w.load(rt, func() { w.append(rt) }) },
			"running": func(rt *rapid.T) { remembered += w.loadRunning(rt) },
			"change":  func(rt *rapid.T) { remembered += w.change(rt) },
			"drop":    w.drop,
			"damage":  w.damage,
			"old":     w.putBack,
			"forge":   w.forge,
			"restore": w.restoreLog,
		})
	})
	const enough = 40 // a few may do so by chance
	if used == 0 && checks >= enough {
		t.Error("no load has used a snapshot: the property says nothing")
	}
	if remembered == 0 && checks >= enough {
		t.Error("no load has used what is remembered: the property says nothing")
	}
	t.Logf("%d loads used a snapshot, %d what is remembered", used, remembered)
}

func drawResource(t *rapid.T) event.Aggregate {
	return resource(rapid.IntRange(1, 2).Draw(t, "resource"))
}

func (w *world) append(t *rapid.T) {
	agg := drawResource(t)
	for range rapid.IntRange(1, 12).Draw(t, "events") {
		w.numbers++
		if _, err := w.log.Append(context.Background(), agg, event.Any(), logged(agg, w.numbers, drawPayload(t))); err != nil {
			t.Fatal(err)
		}
	}
}

// load loads a resource as one of the programs, and reports whether by a
// snapshot: 1 or 0.
func (w *world) load(t *rapid.T, between func()) int {
	agg := drawResource(t)
	v := rapid.SampledFrom(variants).Draw(t, "variant")
	calls := &reads{Store: view{w.log, v, between}}
	every := rapid.SampledFrom([]int{1, 2, 3, 7, 20}).Draw(t, "every")
	before := w.all(t, view{w.log, v, nil}, agg)
	got, err := repository.New(calls, v.definition(), repository.Options{Snapshots: snapshot.At(w.dir), Every: every, Digest: v.digest}).Load(context.Background(), agg.ID)
	if err != nil {
		t.Fatal(err)
	}
	after := w.all(t, view{w.log, v, nil}, agg)
	if int(got.Version) < len(before) || int(got.Version) > len(after) {
		t.Fatalf("loaded version %d of a log that had %d events and now has %d", got.Version, len(before), len(after))
	}
	def := v.definition()
	want, err := def.Replay(def.New(agg.ID), after[:got.Version]...)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(want, got) {
		t.Fatalf("%s by %v (-replay +load):\n%s", agg, v, cmp.Diff(want, got, cmp.AllowUnexported(compute.Hostname{})))
	}
	w.remember(agg)
	if read := calls.take(); len(read) == 1 && read[0][:2] != "1+" {
		return 1
	}
	return 0
}

// loadRunning loads a resource by a program that has been running.
func (w *world) loadRunning(t *rapid.T) int {
	agg, p := drawResource(t), rapid.SampledFrom(w.running).Draw(t, "program")
	p.calls.take()
	got, err := p.Load(context.Background(), agg.ID)
	if err != nil {
		t.Fatal(err)
	}
	w.mustBeReplay(t, p.variant, agg, got)
	return atEnd(p.calls.take(), len(w.all(t, current{w, p.variant}, agg)))
}

// change has a running program change a resource, by one event or several.
func (w *world) change(t *rapid.T) int {
	agg, p := drawResource(t), rapid.SampledFrom(w.running).Draw(t, "program")
	n := len(w.all(t, current{w, p.variant}, agg))
	def := p.definition()
	var events []compute.Event
	for range rapid.IntRange(1, 3).Draw(t, "events") {
		w.numbers++
		events = append(events, compute.Event{Header: header(agg, w.numbers), Payload: drawPayload(t)})
		if _, retagged := events[len(events)-1].Payload.(compute.AssetTagAssigned); retagged {
			events = events[:len(events)-1] // a catalog leaves what is current as it is, and this one does not
		}
	}
	p.calls.take()
	got, err := p.Change(context.Background(), agg.ID, func(in instance) (aggregate.Commit[compute.State], error) {
		return def.Record(in, events...)
	})
	if err != nil || int(got.Version) != n+len(events) {
		t.Fatalf("version %d, %v, after %d and %d events", got.Version, err, n, len(events))
	}
	w.mustBeReplay(t, p.variant, agg, got)
	return atEnd(p.calls.take(), n)
}

// atEnd reports whether the only read was that of the last of n events: 1 or 0.
func atEnd(calls []string, n int) int {
	if n > 1 && len(calls) == 1 && calls[0] == fmt.Sprintf("%d+1", n) {
		return 1
	}
	return 0
}

// mustBeReplay compares all of a resource with a replay of its events.
func (w *world) mustBeReplay(t *rapid.T, v variant, agg event.Aggregate, got instance) {
	def := v.definition()
	want, err := def.Replay(def.New(agg.ID), w.all(t, current{w, v}, agg)...)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(want, got) {
		t.Fatalf("%s by the running %v (-replay +load):\n%s", agg, v, cmp.Diff(want, got, cmp.AllowUnexported(compute.Hostname{})))
	}
}

func (w *world) all(t *rapid.T, store repository.Store, agg event.Aggregate) []event.Recorded {
	events, err := store.Read(context.Background(), agg, 1)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// remember notes what is kept now, for old and forge.
func (w *world) remember(agg event.Aggregate) {
	if s, found, err := snapshot.At(w.dir).Load(context.Background(), agg); found && err == nil && len(w.old) < 20 {
		w.old = append(w.old, s)
	}
}

func (w *world) files() []string {
	files, _ := filepath.Glob(filepath.Join(w.dir, "??", "*.snapshot"))
	return files
}

func (w *world) drop(t *rapid.T) {
	for _, file := range w.files() {
		if rapid.Bool().Draw(t, "drop") {
			_ = os.Remove(file)
		}
	}
}

// damage changes a byte of a file, or cuts it.
func (w *world) damage(t *rapid.T) {
	files := w.files()
	if len(files) == 0 {
		return
	}
	file := rapid.SampledFrom(files).Draw(t, "file")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(content) == 0 {
		return
	}
	at := rapid.IntRange(0, len(content)-1).Draw(t, "at")
	if rapid.Bool().Draw(t, "cut") {
		content = content[:at]
	} else {
		content[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "change"))
	}
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// putBack saves what was kept before: of a lower version, of another program,
// of a log that is no more.
func (w *world) putBack(t *rapid.T) {
	if len(w.old) > 0 {
		w.save(t, rapid.SampledFrom(w.old).Draw(t, "old"))
	}
}

// forge saves a sound file of a history that never was.
func (w *world) forge(t *rapid.T) {
	if len(w.old) == 0 {
		return
	}
	s := rapid.SampledFrom(w.old).Draw(t, "old")
	other := compute.Fold(s.Aggregate.ID, compute.Event{Header: header(s.Aggregate, 0), Payload: compute.AssetTagAssigned{AssetTag: "forged"}})
	other.Version = s.Version
	state, err := compute.Definition().StateCodec.Encode(other)
	if err != nil {
		t.Fatal(err)
	}
	s.State = state
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		s.EventID = numbered(0xf00000)
	case 1:
		s.Version += event.Version(rapid.IntRange(1, 30).Draw(t, "ahead"))
	case 2:
		s.Position++
	case 3:
		s.Revision, s.State = "3", []byte("?")
	}
	w.save(t, s)
}

func (w *world) save(t *rapid.T, s aggregate.Snapshot) {
	if err := snapshot.At(w.dir).Save(context.Background(), s); err != nil {
		t.Fatal(err)
	}
}

// restoreLog puts the log back to an earlier end, as from a backup. What comes
// then is new: it has other ids.
func (w *world) restoreLog(t *rapid.T) {
	all, err := w.log.ReadAll(context.Background(), 1, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	w.log = memory.New()
	for _, r := range all[:rapid.IntRange(0, len(all)).Draw(t, "end")] {
		if _, err := w.log.Append(context.Background(), r.Aggregate, event.Any(), r.Event); err != nil {
			t.Fatal(err)
		}
	}
}
