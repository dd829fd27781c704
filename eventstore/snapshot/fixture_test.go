package snapshot

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/event"
)

// numbered is a UUID of version 7 that ends in n.
func numbered(n int) uuid.UUID {
	return uuid.UUID{0x01, 0x90, 6: 0x70, 8: 0x80, 14: byte(n >> 8), 15: byte(n)}
}

// sound is a snapshot of the aggregate number n with all fields.
func sound(n int) aggregate.Snapshot {
	return aggregate.Snapshot{
		Aggregate: event.Aggregate{Type: "compute", ID: numbered(n)},
		Version:   1<<40 + 7,
		Position:  1<<50 + 9,
		EventID:   numbered(0x200 + n),
		Revision:  "3",
		Digest:    [32]byte{1, 31: 2},
		State:     []byte(`{"hostname":"a.example.com"}`),
		Marks:     []byte("mark1mark2ok"),
	}
}

func save(t testing.TB, d Dir, s aggregate.Snapshot) {
	t.Helper()
	if err := d.Save(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

// path is where an aggregate's file is.
func path(t testing.TB, d Dir, agg event.Aggregate) string {
	t.Helper()
	p, err := d.file(agg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustWrite(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
