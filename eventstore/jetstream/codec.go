package jetstream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// encode appends the message body of e at a version: the JSON form of e with
// "version" as a last field.
func encode(dst []byte, e *event.Event, version event.Version) []byte {
	dst = event.AppendJSON(dst, e)
	dst = append(dst[:len(dst)-1], `,"version":`...)
	dst = strconv.AppendUint(dst, uint64(version), 10)
	return append(dst, '}')
}

// decoder turns message bodies into events. It is used by one goroutine.
type decoder struct {
	subjects subjects
	names    map[string]string // type names seen, so that each is allocated once
}

// maxNames bounds a decoder's memory; names beyond it are allocated each time.
const maxNames = 4096

func newDecoder(s subjects) *decoder {
	return &decoder{subjects: s, names: make(map[string]string)}
}

// decode reads a body that came with subject into r, which is empty, all but the
// position. The event's Data and Metadata point into body.
func (d *decoder) decode(subject string, body []byte, r *event.Recorded) error {
	if !d.decodeCanonical(body, r) {
		var err error
		if *r, err = decodeAny(body); err != nil {
			return err
		}
	}
	if !d.subjects.match(subject, &r.Event) {
		return fmt.Errorf("the subject is not the event's own, %s", d.subjects.event(&r.Event))
	}
	return nil
}

// decodeCanonical reads the layout that encode writes, and nothing else: false
// means to try decodeAny, which reads any layout and explains what is wrong.
func (d *decoder) decodeCanonical(body []byte, r *event.Recorded) bool {
	w := walker{rest: body, ok: true}
	w.literal(`{"id":"`)
	r.ID = w.uuid()
	w.literal(`","aggregate_type":"`)
	r.Aggregate.Type = d.name(&w)
	w.literal(`,"aggregate_id":"`)
	r.Aggregate.ID = w.uuid()
	w.literal(`","type":"`)
	r.Type = d.name(&w)
	w.literal(`,"schema_version":`)
	schema := w.uint()
	w.literal(`,"time":"`)
	r.Time = w.time()
	w.literal(`,"correlation_id":"`)
	r.CorrelationID = w.uuid()
	w.literal(`","causation_id":`)
	r.CausationID = w.nullUUID()
	w.literal(`,"data":`)
	r.Data = w.object()
	if w.ok && bytes.HasPrefix(w.rest, []byte(`,"metadata":`)) {
		w.literal(`,"metadata":`)
		r.Metadata = w.object()
	}
	w.literal(`,"version":`)
	r.Version = event.Version(w.uint())
	w.literal(`}`)
	r.SchemaVersion = uint32(schema)
	sound := schema > 0 && schema <= 1<<32-1 && r.Version > 0 &&
		r.ID != uuid.Nil && r.Aggregate.ID != uuid.Nil && r.CorrelationID != uuid.Nil
	return w.ok && len(w.rest) == 0 && sound
}

// name reads a type name and its closing quote.
func (d *decoder) name(w *walker) string {
	raw := w.until('"')
	if name, seen := d.names[string(raw)]; seen {
		return name
	}
	name := string(raw)
	if event.ValidateTypeName(name) != nil {
		w.ok = false
	} else if len(d.names) < maxNames {
		d.names[name] = name
	}
	return name
}

// decodeAny reads a body in any JSON layout.
func decodeAny(body []byte) (event.Recorded, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return event.Recorded{}, fmt.Errorf("the body is no JSON object: %w", err)
	}
	raw, ok := fields["version"]
	if !ok {
		return event.Recorded{}, &event.FieldError{Field: "version", Reason: "is missing"}
	}
	version, err := strconv.ParseUint(string(raw), 10, 64)
	if err != nil || version == 0 {
		return event.Recorded{}, &event.FieldError{Field: "version", Reason: "must be a whole number of at least 1"}
	}
	e, err := event.ParseJSON(withoutVersion(fields))
	return event.Recorded{Event: e, Version: event.Version(version)}, err
}

// withoutVersion writes the other fields as one object, their values as they
// are.
func withoutVersion(fields map[string]json.RawMessage) []byte {
	line := []byte{'{'}
	for name, value := range fields {
		if name == "version" {
			continue
		}
		if len(line) > 1 {
			line = append(line, ',')
		}
		quoted, _ := json.Marshal(name) // a string always marshals
		line = append(append(line, quoted...), ':')
		line = append(line, value...)
	}
	return append(line, '}')
}
