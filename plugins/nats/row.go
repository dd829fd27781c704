package nats

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// Headers of a bucket's entries: by which effect Refold has written it, and, as
// every client of buckets has it, that it is deleted.
const (
	markHeader      = "Refold-Written-By"
	operationHeader = "KV-Operation"
	reasonHeader    = "Nats-Marker-Reason" // of entries that the server itself has deleted
)

// row is an entry of the bucket, and what a batch asks of it, in order.
type row struct {
	subject string
	asked   []asked
}

type asked struct {
	effect *effect.Effect
	mark   mark
}

// mark is the effect by which an entry was written.
type mark struct {
	pipeline   string
	generation uint64
	position   event.Position
	ordinal    uint32
}

// String is the mark as it stands in a header.
func (m mark) String() string {
	return fmt.Sprintf("%s/%d/%d/%d", m.pipeline, m.generation, m.position, m.ordinal)
}

// parseMark reads a header; ok is false of what is none.
func parseMark(text string) (m mark, ok bool) {
	parts := strings.Split(text, "/")
	if len(parts) != 4 {
		return m, false
	}
	generation, err1 := strconv.ParseUint(parts[1], 10, 64)
	position, err2 := strconv.ParseUint(parts[2], 10, 64)
	ordinal, err3 := strconv.ParseUint(parts[3], 10, 32)
	m = mark{parts[0], generation, event.Position(position), uint32(ordinal)}
	return m, err1 == nil && err2 == nil && err3 == nil && m.String() == text
}

// includes reports whether what n asks for has been done when m was written: n is
// of the same generation, and not behind it.
func (m mark) includes(n mark) bool {
	return m.pipeline == n.pipeline && m.generation == n.generation &&
		(n.position < m.position || n.position == m.position && n.ordinal <= m.ordinal)
}

// entry is what a bucket has, or is to have, under a key.
type entry struct {
	exists bool
	value  json.RawMessage
	mark   mark
}

// next is what becomes of a row that was found, or not; changed is false if that
// is nothing.
func (r *row) next(found *jetstream.RawStreamMsg) (next entry, changed bool, err error) {
	now := entry{
		exists: found.Sequence > 0 && found.Header.Get(operationHeader) == "" && found.Header.Get(reasonHeader) == "",
		value:  found.Data,
	}
	now.mark, _ = parseMark(found.Header.Get(markHeader))
	for _, a := range r.asked {
		if now.mark.includes(a.mark) {
			continue
		}
		did, err := now.perform(a.effect)
		if err != nil {
			return now, false, poison(a.effect, err)
		}
		if did {
			now.mark, changed = a.mark, true
		}
	}
	return now, changed, nil
}

// perform does what an effect asks for; did is false if there is nothing to do.
func (e *entry) perform(f *effect.Effect) (did bool, err error) {
	switch f.Kind {
	case effect.Insert:
		e.exists, e.value = true, event.OneLine(f.Body)
	case effect.Update:
		if !e.exists {
			return false, nil
		}
		if e.value, err = merge(e.value, f.Body); err != nil {
			return false, err
		}
	case effect.Delete:
		if !e.exists {
			return false, nil
		}
		e.exists, e.value = false, nil
	}
	return true, nil
}

// merge replaces members of a row by those of changes.
func merge(row, changes json.RawMessage) (json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(row, &members); err != nil || members == nil {
		return nil, fmt.Errorf("the bucket has something else than a row there: %.64q", row)
	}
	if err := json.Unmarshal(changes, &members); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	err := out.Encode(members)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
