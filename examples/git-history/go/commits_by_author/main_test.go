package main

import (
	"testing"

	"github.com/refold-dev/refold/sdk/go/refoldtest"
)

func TestCommitsAreCountedByAuthor(t *testing.T) {
	p := refoldtest.New(t)
	clear(commits)
	err := p.Fold(
		refoldtest.Event{Type: "commit_recorded", Data: `{"author":"zoe"}`},
		refoldtest.Event{Type: "commit_recorded", Data: `{"author":"ada"}`},
		refoldtest.Event{Type: "file_added", Data: `{"author":"ada"}`},
		refoldtest.Event{Type: "commit_recorded", Data: `{"author":"zoe"}`},
	)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"ada":1,"zoe":2}`
	if got, err := p.Query(""); got != want || err != nil {
		t.Errorf("query = %s, %v; want %s", got, err, want)
	}
}
