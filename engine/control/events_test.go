package control_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/control"
)

// testEvents asks for events in all ways: the answer is that of the store.
func testEvents(t *testing.T, server *control.Server, client *control.Client, store control.EventReader) {
	all, err := store.ReadAll(t.Context(), 1, 100)
	if err != nil || len(all) == 0 {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		some := rapid.SampledFrom(all)
		var q control.EventQuery
		if rapid.Bool().Draw(rt, "aggregate") {
			q.Aggregate = some.Draw(rt, "of").Aggregate
			q.Version = event.Version(rapid.IntRange(0, 3).Draw(rt, "version"))
		}
		if rapid.Bool().Draw(rt, "correlation") {
			q.Correlation = uuid.NullUUID{UUID: some.Draw(rt, "of").CorrelationID, Valid: true}
		}
		if rapid.Bool().Draw(rt, "since") {
			q.Since = some.Draw(rt, "event").Time.Add(time.Duration(rapid.IntRange(-1, 1).Draw(rt, "shift")))
		}
		if rapid.Bool().Draw(rt, "until") {
			q.Until = some.Draw(rt, "event").Time
		}
		q.From = event.Position(rapid.IntRange(0, len(all)+1).Draw(rt, "from"))
		q.Limit = rapid.IntRange(0, 3).Draw(rt, "limit")
		got, err := client.Events(t.Context(), q)
		if diff := cmp.Diff(selected(all, q), got); err != nil || diff != "" {
			rt.Fatalf("%+v: %v\n%s", q, err, diff)
		}
	})
	for _, bad := range []string{"aggregate=file", "aggregate=file/x", "correlation=x", "since=now", "until=1", "from=-1", "version=1", "version=x", "limit=-1", "limit=x"} {
		code, body := ask(t, http.MethodGet, server.URL()+"/v1/events?"+bad, "Bearer "+token)
		if name, _, _ := strings.Cut(bad, "="); code != http.StatusBadRequest || !strings.Contains(body, "parameter "+name+": ") {
			t.Errorf("%s: %d %s", bad, code, body)
		}
	}
}

// selected is what a query selects, event by event. The log's times ascend.
func selected(all []event.Recorded, q control.EventQuery) (out []event.Recorded) {
	for _, r := range all {
		if (q.Aggregate == event.Aggregate{} || q.Aggregate == r.Aggregate) &&
			(!q.Correlation.Valid || q.Correlation.UUID == r.CorrelationID) &&
			(q.Since.IsZero() || !r.Time.Before(q.Since)) && (q.Until.IsZero() || !r.Time.After(q.Until)) &&
			r.Position >= q.From && r.Version >= q.Version && (q.Limit == 0 || len(out) < q.Limit) {
			out = append(out, r)
		}
	}
	return out
}
