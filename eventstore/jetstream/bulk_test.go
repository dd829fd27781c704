package jetstream

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
)

// TestImportOfLargeEvents imports events so large that no more of them may be
// under way than the server stores before it says so.
func TestImportOfLargeEvents(t *testing.T) {
	server, err := embedded.Start(embedded.Options{Dir: t.TempDir(), Sync: embedded.SyncInterval})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	s, err := Open(t.Context(), Config{URL: server.URL(), Token: server.Token()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	b, err := s.Bulk(t.Context())
	if err != nil {
		t.Fatal(err)
	}
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
