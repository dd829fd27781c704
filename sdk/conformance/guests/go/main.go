// Command mirror is the conformance guest in Go: it says back what it reads,
// and does what an event commands. sdk/testdata/README.md specifies it.
package main

import (
	"encoding/hex"
	"errors"
	"math"
	"strconv"

	"github.com/refold-dev/refold/sdk/frame"
	refold "github.com/refold-dev/refold/sdk/go"
)

var (
	do        = refold.StringField("do")
	boolean   = refold.BoolField("value.bool")
	integer   = refold.IntField("value.i64")
	float     = refold.FloatField("value.f64")
	text      = refold.StringField("value.string")
	blob      = refold.BytesField("value.bytes")
	id        = refold.UUIDField("value.uuid")
	timestamp = refold.TimeField("value.time")
)

type state struct {
	Events int64 `json:"events"`
}

func init() {
	refold.Register(refold.Keyed[state]{
		Name:   "mirror",
		Key:    "key",
		Events: []string{"mirrored", "commanded"},
		Fold:   fold,
	})
}

func fold(s *state, e refold.Event, out *refold.Effects) error {
	s.Events++
	count := func() []byte { return out.Object().Int("events", s.Events).JSON() }
	switch do.Of(e) {
	case "update":
		out.Update("mirror", e.Key(), count())
	case "delete":
		out.Delete("mirror", e.Key())
	case "query":
		out.Query("select 1", count())
	case "log":
		out.Log(refold.Warn, "seen "+strconv.FormatInt(s.Events, 10))
	case "emit":
		out.EmitEvent("mirrored_again", count())
	case "remove":
		out.RemoveState()
	case "reject":
		return errors.New("rejected on demand")
	case "panic":
		panic("panicked on demand")
	default:
		out.Insert("mirror", row(e))
	}
	return nil
}

func row(e refold.Event) []byte {
	var o refold.Object
	o.Uint("position", e.Position()).Uint("version", e.Version()).Int("time", e.Time().UnixNano())
	o.UUID("id", e.ID()).Text("aggregate_type", e.AggregateType()).UUID("aggregate_id", e.AggregateID())
	o.Text("type", e.Type()).Int("type_index", int64(e.TypeIndex())).Uint("schema_version", uint64(e.SchemaVersion()))
	o.UUID("correlation_id", e.CorrelationID())
	if cause, ok := e.CausationID(); ok {
		o.UUID("causation_id", cause)
	} else {
		o.Null("causation_id")
	}
	o.Text("key", e.Key()).Text("data", string(e.Data()))
	if metadata, ok := e.Metadata(); ok {
		o.Text("metadata", string(metadata))
	} else {
		o.Null("metadata")
	}
	return o.Raw("slots", slots(e)).JSON()
}

func slots(e refold.Event) []byte {
	list := []byte{'['}
	for i, s := range []frame.Slot{
		do.Slot(e), boolean.Slot(e), integer.Slot(e), float.Slot(e),
		text.Slot(e), blob.Slot(e), id.Slot(e), timestamp.Slot(e),
	} {
		if i > 0 {
			list = append(list, ',')
		}
		var o refold.Object
		o.Int("kind", int64(s.Kind)).Text("value", value(e, s))
		list = append(list, o.JSON()...)
	}
	return append(list, ']')
}

// value reads a slot through the field that was declared for its kind, where
// there is one.
func value(e refold.Event, s frame.Slot) string {
	b, _ := s.Bytes()
	switch s.Kind {
	case frame.Bool:
		v, _ := s.Bool()
		return strconv.FormatBool(v)
	case frame.Int64:
		v, _ := s.Int64()
		return strconv.FormatInt(v, 10)
	case frame.Float64:
		v, _ := s.Float64()
		digits := "000000000000000" + strconv.FormatUint(math.Float64bits(v), 16)
		return digits[len(digits)-16:]
	case frame.Bytes:
		return hex.EncodeToString(blob.Of(e))
	case frame.UUID:
		return id.Of(e).String()
	case frame.Time:
		return strconv.FormatInt(timestamp.Of(e).UnixNano(), 10)
	}
	return string(b)
}
