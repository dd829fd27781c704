package sqlite_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/sqlite"
)

// model is the table accounts, kept effect by effect.
type model map[string]map[string]any

func (m model) apply(f effect.Effect) {
	given := make(map[string]any)
	if f.Kind != effect.Delete {
		if err := json.Unmarshal(f.Body, &given); err != nil {
			panic(err)
		}
	}
	switch f.Kind {
	case effect.Insert:
		id := given["id"].(string)
		m[id] = map[string]any{"id": id, "owner": nil, "balance": nil}
		fill(m[id], given)
	case effect.Update:
		if row, ok := m[f.Key]; ok {
			fill(row, given)
		}
	case effect.Delete:
		delete(m, f.Key)
	}
}

func fill(row, given map[string]any) {
	for name, v := range given {
		row[name] = v
	}
}

func (m model) rows(t rapid.TB) map[string]string {
	all := make(map[string]string, len(m))
	for id, row := range m {
		b, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		all[id] = string(b)
	}
	return all
}

// drawEffect draws an effect on one of few keys.
func drawEffect(t *rapid.T, cause event.Position, ordinal uint32) effect.Effect {
	key := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key")
	columns := make(map[string]any)
	if rapid.Bool().Draw(t, "owner named") {
		columns["owner"] = rapid.SampledFrom([]any{nil, "Ann", "Bob"}).Draw(t, "owner")
	}
	if rapid.Bool().Draw(t, "balance named") {
		columns["balance"] = rapid.SampledFrom([]any{nil, 0, 1, 2}).Draw(t, "balance")
	}
	f := effect.Effect{Cause: cause, Ordinal: ordinal, Name: "accounts", Key: key}
	f.Kind = rapid.SampledFrom([]effect.Kind{effect.Insert, effect.Update, effect.Delete}).Draw(t, "kind")
	if f.Kind == effect.Insert {
		columns["id"] = key
	}
	var err error
	if f.Body, err = json.Marshal(columns); err != nil {
		t.Fatal(err)
	}
	return f
}

// TestBatchEqualsEffectByEffect holds the folding of writes within a batch,
// the skipping of effects already performed, and reopening to the plain way.
func TestBatchEqualsEffectByEffect(t *testing.T) {
	dir := t.TempDir()
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		cfg := ledgerConfig(filepath.Join(dir, fmt.Sprint(runs)))
		e := openIn(rt, t, cfg)
		defer func() { e.Close() }()
		want := make(model)
		var log []effect.Effect
		for at := event.Position(0); at < 12; {
			through := at + event.Position(rapid.IntRange(1, 5).Draw(rt, "events"))
			for cause := at + 1; cause <= through; cause++ {
				for ordinal := range rapid.Uint32Range(0, 3).Draw(rt, "effects") {
					f := drawEffect(rt, cause, ordinal)
					log = append(log, f)
					want.apply(f)
				}
			}
			back := at - event.Position(rapid.Uint64Range(0, uint64(at)).Draw(rt, "overlap"))
			if err := e.Execute(t.Context(), batch("ledger", 1, back, through, behind(log, back)...)); err != nil {
				rt.Fatal(err)
			}
			at = through
			if rapid.IntRange(0, 5).Draw(rt, "reopen") == 0 {
				e.Close()
				e = openIn(rt, t, cfg)
			}
		}
		if diff := cmp.Diff(want.rows(rt), stored(t, cfg.Path, "accounts")); diff != "" {
			rt.Fatal(diff)
		}
		checkIntegrity(t, cfg.Path)
	})
}

func openIn(rt *rapid.T, t *testing.T, cfg sqlite.Config) *sqlite.Executor {
	e, err := sqlite.Open(t.Context(), cfg, "ledger", 1)
	if err != nil {
		rt.Fatal(err)
	}
	return e
}

// behind are the effects caused after a position.
func behind(log []effect.Effect, after event.Position) []effect.Effect {
	for i, f := range log {
		if f.Cause > after {
			return log[i:]
		}
	}
	return nil
}
