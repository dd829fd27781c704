package repository

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
)

// TestMarksAreThoseOfAllEvents: however the events come, the marks are the same
// bytes, each of their ids may be among them, and marks that were taken before
// stay as they were.
func TestMarksAreThoseOfAllEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m marks
		var all []event.Recorded
		var before [][]byte
		var taken []marks
		for range rapid.IntRange(0, 20).Draw(t, "appends") {
			events := make([]event.Recorded, rapid.IntRange(0, 40).Draw(t, "events"))
			for i := range events {
				events[i].ID = uuid.New()
			}
			taken, before = append(taken, m), append(before, m.bytes(0))
			if rapid.Bool().Draw(t, "abandoned") {
				m.with(make([]event.Recorded, 3))
			}
			m, all = m.with(events), append(all, events...)
		}
		if got, want := m.bytes(0), appendMarks(nil, all); !bytes.Equal(got, want) || m.len() != len(want) {
			t.Fatalf("marks %x, want %x", got, want)
		}
		for i := range all {
			if !m.may(all[i].ID) {
				t.Fatalf("event %d is not among them", i)
			}
		}
		for i := range taken {
			if !bytes.Equal(taken[i].bytes(0), before[i]) {
				t.Fatalf("the marks before append %d have changed", i)
			}
		}
	})
}

// TestMarksHaveTheirPlaces: the bytes of a mark that stand across two others are
// none.
func TestMarksHaveTheirPlaces(t *testing.T) {
	id := uuid.MustParse("01900000-0000-7000-8000-0000000000a0")
	own := binary.LittleEndian.AppendUint32(nil, mark(id))
	across := append(append([]byte{own[0] + 1}, own...), 0, 0, 0)
	for _, c := range []struct {
		m    marks
		want bool
	}{
		{marks{}, false}, {marks{long: own}, true}, {marks{end: own}, true},
		{marks{long: across}, false}, {marks{long: append(across, own...)}, true}, {marks{long: across, end: across}, false},
	} {
		if got := c.m.may(id); got != c.want {
			t.Errorf("%x, %x: %v", c.m.long, c.m.end, got)
		}
	}
}
