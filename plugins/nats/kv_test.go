package nats_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/nats"
)

// fataler is a test, or a run of a property.
type fataler interface {
	Helper()
	Fatal(args ...any)
}

func newBucket(t *testing.T, js jetstream.JetStream, history uint8) (jetstream.KeyValue, nats.BucketConfig) {
	t.Helper()
	c := nats.BucketConfig{Bucket: unique("rows"), Keys: effect.Keys{"items": {"id"}}}
	kv, err := js.CreateKeyValue(soon(t), jetstream.KeyValueConfig{Bucket: c.Bucket, History: history})
	if err != nil {
		t.Fatal(err)
	}
	return kv, c
}

func openBucket(t *testing.T, s *natsServer, c nats.BucketConfig) *nats.Bucket {
	t.Helper()
	e, err := nats.OpenBucket(t.Context(), s.as("all"), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// drawRows are effects on a few rows, one or more for each position.
func drawRows(t *rapid.T, through event.Position) (effects []effect.Effect) {
	for at := event.Position(1); at <= through; at++ {
		for ordinal := range rapid.Uint32Range(0, 2).Draw(t, "effects") {
			id := rapid.SampledFrom([]string{"a", "b.c", "é"}).Draw(t, "id")
			n := fmt.Sprintf("%d.%d", at, ordinal)
			effects = append(effects, rapid.SampledFrom([]effect.Effect{
				{Kind: effect.Insert, Body: json.RawMessage(`{"id":"` + id + `","n":"` + n + `"}`)},
				{Kind: effect.Update, Key: id, Body: json.RawMessage(`{"m":"` + n + `<"}`)},
				{Kind: effect.Update, Key: id, Body: json.RawMessage(`{"n":"` + n + `"}`)},
				{Kind: effect.Delete, Key: id},
			}).Draw(t, "effect"))
			last := &effects[len(effects)-1]
			last.Name, last.Cause, last.Ordinal = "items", at, ordinal
		}
	}
	return effects
}

// plainly performs effects one by one, on a map.
func plainly(effects []effect.Effect) map[string]map[string]string {
	rows := map[string]map[string]string{}
	for _, f := range effects {
		var body map[string]string
		_ = json.Unmarshal(f.Body, &body)
		switch f.Kind {
		case effect.Insert:
			rows[body["id"]] = body
		case effect.Update:
			for column, value := range body {
				if rows[f.Key] != nil {
					rows[f.Key][column] = value
				}
			}
		case effect.Delete:
			delete(rows, f.Key)
		}
	}
	return rows
}

// TestBucketIsThePlainExecution: whatever the batches, and however often and from
// where they come again, the rows are those of the effects one by one; and no
// reader has seen a row go back.
func TestBucketIsThePlainExecution(t *testing.T) {
	s := startServer(t)
	_, js := s.admin()
	rapid.Check(t, func(rt *rapid.T) {
		kv, c := newBucket(t, js, 64)
		effects := drawRows(rt, 12)
		e := openBucket(t, s, c)
		for after := event.Position(0); after < 12; {
			if after > 0 && rapid.IntRange(0, 3).Draw(rt, "crash") == 0 {
				after = event.Position(rapid.Uint64Range(0, uint64(after)).Draw(rt, "from"))
				if rapid.Bool().Draw(rt, "reopened") {
					_ = e.Close()
					e = openBucket(t, s, c)
				}
			}
			through := after + event.Position(rapid.Uint64Range(1, 6).Draw(rt, "events"))
			var part []effect.Effect
			for _, f := range effects {
				if f.Cause > after && f.Cause <= through {
					part = append(part, f)
				}
			}
			if err := e.Execute(t.Context(), effect.Batch{Pipeline: "p", Generation: 1, After: after, Through: through, Effects: part}); err != nil {
				rt.Fatal(err)
			}
			after = through
		}
		if diff := cmp.Diff(plainly(effects), rowsOf(t, rt, kv)); diff != "" {
			rt.Fatalf("(-want +got):\n%s", diff)
		}
		neverBack(t, rt, js, c.Bucket)
		_ = e.Close()
	})
}

func rowsOf(t *testing.T, f fataler, kv jetstream.KeyValue) map[string]map[string]string {
	f.Helper()
	rows := map[string]map[string]string{}
	keys, err := kv.ListKeys(soon(t))
	if err != nil {
		f.Fatal(err)
	}
	for key := range keys.Keys() {
		entry, err := kv.Get(soon(t), key)
		if err != nil {
			f.Fatal(err)
		}
		var row map[string]string
		if err := json.Unmarshal(entry.Value(), &row); err != nil {
			f.Fatal(err)
		}
		if want := "items." + nats.Token(row["id"]); key != want {
			f.Fatal("the row of ", row["id"], " is under ", key, ", not ", want)
		}
		rows[row["id"]] = row
	}
	return rows
}

// neverBack looks at all entries that there were: each was written by a later
// effect than the one before.
func neverBack(t *testing.T, f fataler, js jetstream.JetStream, bucket string) {
	f.Helper()
	stream, err := js.Stream(soon(t), "KV_"+bucket)
	if err != nil {
		f.Fatal(err)
	}
	last := map[string][2]uint64{}
	for seq := uint64(1); seq <= stream.CachedInfo().State.LastSeq; seq++ {
		m, err := stream.GetMsg(soon(t), seq)
		if err != nil {
			f.Fatal(err)
		}
		var at [2]uint64
		header := m.Header.Get("Refold-Written-By")
		if n, err := fmt.Sscanf(header, "p/1/%d/%d", &at[0], &at[1]); n != 2 {
			f.Fatal(header, err)
		}
		if before := last[m.Subject]; slices.Compare(at[:], before[:]) <= 0 {
			f.Fatal(m.Subject, " was written by ", at, " after ", before)
		}
		last[m.Subject] = at
	}
}

// TestOthersWriteTheBucketToo: two executors at once, of which one is a zombie, and
// a program that has nothing to do with them. No update is lost.
func TestOthersWriteTheBucketToo(t *testing.T) {
	s := startServer(t)
	_, js := s.admin()
	kv, c := newBucket(t, js, 1)
	if _, err := kv.PutString(soon(t), "items.a", `{"id":"a","theirs":"1"}`); err != nil {
		t.Fatal(err)
	}
	if _, err := kv.PutString(soon(t), "other", `not a row`); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 4 {
		e := openBucket(t, s, c)
		wg.Go(func() {
			for at := event.Position(1); at <= 50; at++ {
				f := effect.Effect{Kind: effect.Update, Cause: at, Name: "items", Key: "a", Body: json.RawMessage(fmt.Sprintf(`{"c%d":"%d"}`, i, at))}
				b := effect.Batch{Pipeline: fmt.Sprint("p", i), Generation: 1, After: at - 1, Through: at, Effects: []effect.Effect{f}}
				if err := e.Execute(t.Context(), b); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	want := map[string]string{"id": "a", "theirs": "1", "c0": "50", "c1": "50", "c2": "50", "c3": "50"}
	entry, err := kv.Get(soon(t), "items.a")
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if err := json.Unmarshal(entry.Value(), &got); err != nil || !cmp.Equal(want, got) {
		t.Errorf("the row is %s, %v", entry.Value(), err)
	}
}

// TestBucketRefuses what is no row of its collections, before it writes anything.
func TestBucketRefuses(t *testing.T) {
	s := startServer(t)
	_, js := s.admin()
	kv, c := newBucket(t, js, 1)
	e := openBucket(t, s, c)
	good := effect.Effect{Kind: effect.Insert, Cause: 1, Name: "items", Body: []byte(`{"id":"good"}`)}
	for want, bad := range map[string]effect.Effect{
		`keys has no collection "others"`: {Kind: effect.Insert, Name: "others", Body: []byte(`{"id":"a"}`)},
		`its row lacks the column "id"`:   {Kind: effect.Insert, Name: "items", Body: []byte(`{"n":1}`)},
		`its body is not valid JSON`:      {Kind: effect.Update, Name: "items", Key: "a", Body: []byte(`{"n":`)},
		`its body must be a JSON object`:  {Kind: effect.Update, Name: "items", Key: "a", Body: []byte(`[]`)},
		`its subject is `:                 {Kind: effect.Delete, Name: "items", Key: strings.Repeat("é", 200)},
	} {
		bad.Cause, bad.Ordinal = 1, 1
		err := e.Execute(t.Context(), effect.Batch{Pipeline: "p", Generation: 1, Through: 1, Effects: []effect.Effect{good, bad}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := kv.Get(soon(t), "items.good"); err == nil {
		t.Error("a row of a batch that is refused has been written")
	}
	long := effect.Effect{Kind: effect.Insert, Cause: 2, Name: "items", Body: []byte(`{"id":"long","text":"` + strings.Repeat("x", 2<<20) + `"}`)}
	err := e.Execute(t.Context(), effect.Batch{Pipeline: "p", Generation: 1, After: 1, Through: 2, Effects: []effect.Effect{long}})
	var condemned *effect.PoisonError
	if !errors.As(err, &condemned) {
		t.Errorf("a row of 2 MiB: %v", err)
	}
	for _, c := range []nats.BucketConfig{{}, {Bucket: "a.b", Keys: c.Keys}, {Bucket: "a"}, {Bucket: "a", Keys: effect.Keys{"items": {}}}} {
		if c.Validate() == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}
