package githistory_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/conformance"
)

// TestSnapshotAtEveryBoundary folds 10,000 commits with a snapshot and a restore
// behind every batch, into an instance that is in another state or is fresh.
// Every result and every answer is, to the byte, what an instance gives that
// nobody interrupts. The first 1,000 batches have one event each.
func TestSnapshotAtEveryBoundary(t *testing.T) {
	log := enlarged(t, 10_000)
	for name, build := range map[string]func() string{
		"go": func() string { return conformance.BuildGo(t, "go/commits_by_author") },
		"c": func() string {
			return conformance.BuildC(t, "../../sdk/c", filepath.Join("c", "commits_by_author", "commits_by_author.c"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := load(t, build())
			r := relay{straight: start(t, m), now: start(t, m), next: start(t, m)}
			for at := 0; at < len(log); {
				end := at + 1
				if at >= 1000 {
					end = min(at+100, len(log))
				}
				r.fold(t, m, log, at, end)
				at = end
			}
			if r.batches < 1090 || len(r.answer) < 10_000 {
				t.Errorf("%d batches, an answer of %d bytes: the test tests little", r.batches, len(r.answer))
			}
		})
	}
}

// relay is an instance that folds by itself, and one at a time of two that pass
// a snapshot on.
type relay struct {
	straight, now, next *wasm.Instance
	batches             int
	answer              string
}

func (r *relay) fold(t *testing.T, m *wasm.Module, log []record, from, to int) {
	t.Helper()
	b := batchOf(m, log, from, to, nil)
	if len(b.Groups) == 0 {
		return
	}
	text, err := b.Frame()
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	want, err := r.straight.Fold(ctx, text)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.now.Fold(ctx, text)
	if err != nil || !bytes.Equal(want, got) {
		t.Fatalf("event %d: the results differ: %v", from, err)
	}
	r.pass(t, m)
	if r.batches++; r.batches%50 == 0 || to == len(log) {
		r.ask(t)
	}
}

// pass restores a snapshot of the instance in the other, or in a fresh one, which
// goes on.
func (r *relay) pass(t *testing.T, m *wasm.Module) {
	t.Helper()
	taken, err := r.now.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if r.batches%100 == 99 {
		r.next = start(t, m)
	}
	if err := r.next.Restore(context.Background(), taken); err != nil {
		t.Fatal(err)
	}
	r.now, r.next = r.next, r.now
}

func (r *relay) ask(t *testing.T) {
	t.Helper()
	want, err := r.straight.Query(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.answer = string(want)
	if got, err := r.now.Query(context.Background(), nil); err != nil || string(got) != r.answer {
		t.Fatalf("batch %d: the answers differ: %v", r.batches, err)
	}
}

// enlarged are the commits of the sample over and over, each time by others.
func enlarged(t *testing.T, events int) []record {
	t.Helper()
	text, err := os.ReadFile("sample.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	sample := slices.DeleteFunc(parse(t, bytes.NewReader(text)), func(r record) bool { return r.Type != "commit_recorded" })
	var log []record
	for round := 0; len(log) < events; round++ {
		for _, r := range sample[:min(len(sample), events-len(log))] {
			r.ID = uuid.NewSHA1(r.ID, fmt.Append(nil, round))
			author := r.payload.Author
			r.payload.Author = fmt.Sprintf("%s-%d", author, round)
			r.Data = []byte(strings.Replace(string(r.Data), author, r.payload.Author, 1))
			log = append(log, r)
		}
	}
	return log
}
