package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/go/refoldtest"
)

func TestLinesAreSummedByDirectory(t *testing.T) {
	p := refoldtest.New(t)
	for _, e := range []refoldtest.Event{
		{Type: "file_added", Data: `{"dir":"docs","additions":5,"deletions":0}`},
		{Type: "file_added", Data: `{"dir":"cmd","additions":1,"deletions":0}`},
		{Type: "commit_recorded", Data: `{"author":"ada"}`},
		{Type: "file_deleted", Data: `{"dir":"docs","additions":0,"deletions":4}`},
	} {
		if err := p.Fold(e); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := p.State("docs"); got != `{"additions":5,"deletions":4,"changes":2}` {
		t.Errorf("state of docs is %s", got)
	}
	want := []refoldtest.Effect{
		{Position: 1, Kind: frame.Insert, Name: "lines_by_dir", Body: `{"dir":"docs","additions":5,"deletions":0,"changes":1}`},
		{Position: 2, Kind: frame.Insert, Name: "lines_by_dir", Body: `{"dir":"cmd","additions":1,"deletions":0,"changes":1}`},
		{Position: 4, Kind: frame.Insert, Name: "lines_by_dir", Body: `{"dir":"docs","additions":5,"deletions":4,"changes":2}`},
	}
	if diff := cmp.Diff(want, p.Effects()); diff != "" {
		t.Error(diff)
	}
}
