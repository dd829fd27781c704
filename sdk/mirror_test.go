package sdk_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/refold-dev/refold/sdk/framejson"
)

// mirror is what the conformance guest must make of a batch: the projection of
// testdata/README.md, in terms of descriptions.
func mirror(b framejson.Batch) framejson.Result {
	out := framejson.Result{Groups: []framejson.GroupResult{}, Effects: []framejson.Effect{}}
	index := 0
	for i, g := range b.Groups {
		events, removed := startsWith(g.State), false
		for _, e := range g.Events {
			events++
			effect, remove, reject := obey(e, *g.Key, events)
			if reject {
				return framejson.Result{
					Rejected: &framejson.Rejection{Event: index, Reason: framejson.Text("rejected on demand")},
					Groups:   []framejson.GroupResult{}, Effects: []framejson.Effect{},
				}
			}
			if removed = remove; removed {
				events = 0
			} else {
				effect.Cause = index
				out.Effects = append(out.Effects, effect)
			}
			index++
		}
		out.Groups = append(out.Groups, groupResults(i, g, events, removed)...)
	}
	return out
}

func startsWith(state *framejson.Text) (events int) {
	if state != nil {
		fmt.Sscanf(string(*state), `{"events":%d}`, &events)
	}
	return events
}

func groupResults(i int, g framejson.Group, events int, removed bool) []framejson.GroupResult {
	switch {
	case len(g.Events) == 0:
		return nil
	case removed:
		return []framejson.GroupResult{{Group: i, Disposition: "remove"}}
	}
	state := count(events)
	return []framejson.GroupResult{{Group: i, Disposition: "set", State: &state}}
}

func count(events int) framejson.Text {
	return framejson.Text(fmt.Sprintf(`{"events":%d}`, events))
}

// obey returns the effect that an event commands, or what else it commands.
func obey(e framejson.Event, key framejson.Text, events int) (out framejson.Effect, remove, reject bool) {
	empty, table := framejson.Text{}, framejson.Text("mirror")
	do := ""
	if len(e.Slots) > 0 && e.Slots[0].Kind == "string" {
		do = string(e.Slots[0].Value)
	}
	switch do {
	case "update":
		out = framejson.Effect{Kind: do, Name: table, Key: key, Body: count(events)}
	case "delete":
		out = framejson.Effect{Kind: do, Name: table, Key: key, Body: empty}
	case "query":
		out = framejson.Effect{Kind: do, Name: framejson.Text("select 1"), Key: empty, Body: count(events)}
	case "log":
		out = framejson.Effect{Kind: do, Level: 2, Name: empty, Key: empty, Body: framejson.Text(fmt.Sprint("seen ", events))}
	case "emit":
		out = framejson.Effect{Kind: "emit_event", Name: framejson.Text("mirrored_again"), Key: empty, Body: count(events)}
	case "remove", "reject":
		return out, do == "remove", do == "reject"
	default:
		out = framejson.Effect{Kind: "insert", Name: table, Key: empty, Body: row(e, key)}
	}
	return out, false, false
}

// row is the mirror's row: every value of the event, by name, in this order.
func row(e framejson.Event, key framejson.Text) framejson.Text {
	kinds := []string{"null", "bool", "i64", "f64", "string", "bytes", "uuid", "time", "json"}
	cause, metadata := "null", "null"
	if e.CausationID != nil {
		cause = quote(e.CausationID.String())
	}
	if e.Metadata != nil {
		metadata = quote(string(*e.Metadata))
	}
	var slots []string
	for _, s := range e.Slots {
		slots = append(slots, fmt.Sprintf(`{"kind":%d,"value":%s}`, slices.Index(kinds, s.Kind), quote(string(s.Value))))
	}
	return fmt.Appendf(nil, `{"position":%d,"version":%d,"time":%d,"id":"%s","aggregate_type":%s,"aggregate_id":"%s",`+
		`"type":%s,"type_index":%d,"schema_version":%d,"correlation_id":"%s","causation_id":%s,`+
		`"key":%s,"data":%s,"metadata":%s,"slots":[%s]}`,
		e.Position, e.Version, e.Time, e.ID, quote(e.AggregateType), e.AggregateID,
		quote(e.Type), e.TypeIndex, e.SchemaVersion, e.CorrelationID, cause,
		quote(string(key)), quote(string(e.Data)), metadata, strings.Join(slots, ","))
}

func quote(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}
