package jetstream

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
)

// beginImport opens an import into an empty log.
func beginImport(t *testing.T) (*Store, *bulk) {
	t.Helper()
	server, err := embedded.Start(embedded.Options{Dir: t.TempDir(), Sync: embedded.SyncInterval})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	s, err := Open(t.Context(), Config{URL: server.URL(), Token: server.Token()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	b, err := s.Bulk(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s, b.(*bulk)
}

// TestImportMissesWhatWasConfirmed breaks a chain by somebody else's event, after
// an event was counted as confirmed that the log does not have.
func TestImportMissesWhatWasConfirmed(t *testing.T) {
	s, b := beginImport(t)
	lost := counted{id: uuid.New(), aggregate: event.Aggregate{Type: "compute", ID: uuid.New()}}
	agg := uuid.New()
	for i := range 200 {
		if i == 100 {
			b.counted = slices.Insert(b.counted, 0, lost)
			other := benchEvent(uuid.New())
			if _, err := s.Append(t.Context(), other.Aggregate, event.None(), other); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := b.Add(t.Context(), benchEvent(agg)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Flush(t.Context()); err == nil || !strings.Contains(err.Error(), lost.id.String()) {
		t.Fatalf("the import ends with %v", err)
	}
}

// TestImportOfLargeEvents imports events so large that no more of them may be
// under way than the server stores before it says so.
func TestImportOfLargeEvents(t *testing.T) {
	s, b := beginImport(t)
	agg := uuid.New()
	large := json.RawMessage(`{"note":"` + strings.Repeat("x", 900<<10) + `"}`)
	const events = 40
	for range events {
		e := benchEvent(agg)
		e.Data = large
		if added, err := b.Add(t.Context(), e); err != nil || !added {
			t.Fatal(added, err)
		}
	}
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := s.Read(t.Context(), event.Aggregate{Type: "compute", ID: agg}, 1)
	if err != nil || len(got) != events {
		t.Fatalf("%d of %d events were stored, %v", len(got), events, err)
	}
}
