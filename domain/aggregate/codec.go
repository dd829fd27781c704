package aggregate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"

	"github.com/refold-dev/refold/domain/event"
)

// Codec translates between an aggregate's own events and those of the log.
// Decode(Encode(e)) equals e.
type Codec[E any] struct {
	Encode func(E) (event.Event, error)
	Decode func(event.Event) (E, error)
}

// EventType is one kind of payload in the log.
type EventType[P any] struct {
	Name          string // snake_case, such as "money_deposited"
	SchemaVersion uint32 // 0 is read as 1
	Prototype     P      // any value of the payload's Go type, a struct
}

// UnknownTypeError is an event type or a payload type that the codec has not
// been told of.
type UnknownTypeError struct{ Type string }

func (e *UnknownTypeError) Error() string { return fmt.Sprintf("event type %q is not known", e.Type) }

// SchemaVersionError is an event whose fields are of another schema version
// than the code knows. An older one has to be upcast first; a newer one needs a
// newer program.
type SchemaVersionError struct {
	Type         string
	Known, Found uint32
}

func (e *SchemaVersionError) Error() string {
	if e.Found > e.Known {
		return fmt.Sprintf("event type %q has schema version %d, newer than the known %d", e.Type, e.Found, e.Known)
	}
	return fmt.Sprintf("event type %q has schema version %d and was not upcast to %d", e.Type, e.Found, e.Known)
}

// NewCodec builds a codec that writes payloads as encoding/json does. Reading
// is strict: unknown fields are refused. The error is about the types: a bad
// name, or a name or Go type that occurs twice.
func NewCodec[P any](aggregateType string, types ...EventType[P]) (Codec[Fact[P]], error) {
	c := jsonCodec[P]{aggregateType, map[string]jsonType{}, map[reflect.Type]jsonType{}}
	if err := event.ValidateTypeName(aggregateType); err != nil {
		return Codec[Fact[P]]{}, fmt.Errorf("aggregate type: %w", err)
	}
	for _, t := range types {
		if err := c.add(t); err != nil {
			return Codec[Fact[P]]{}, fmt.Errorf("event type %q: %w", t.Name, err)
		}
	}
	return Codec[Fact[P]]{Encode: c.encode, Decode: c.decode}, nil
}

type jsonCodec[P any] struct {
	aggregateType string
	byName        map[string]jsonType
	byGo          map[reflect.Type]jsonType
}

type jsonType struct {
	name    string
	version uint32
	goType  reflect.Type
}

func (c *jsonCodec[P]) add(t EventType[P]) error {
	if err := event.ValidateTypeName(t.Name); err != nil {
		return err
	}
	goType := reflect.TypeOf(t.Prototype)
	if goType == nil || goType.Kind() != reflect.Struct {
		return fmt.Errorf("prototype must be a struct, not %v", goType)
	}
	if _, taken := c.byName[t.Name]; taken {
		return fmt.Errorf("is listed twice")
	}
	if other, taken := c.byGo[goType]; taken {
		return fmt.Errorf("has the same Go type as %q", other.name)
	}
	jt := jsonType{t.Name, max(t.SchemaVersion, 1), goType}
	c.byName[t.Name], c.byGo[goType] = jt, jt
	return nil
}

func (c *jsonCodec[P]) encode(f Fact[P]) (event.Event, error) {
	t, ok := c.byGo[reflect.TypeOf(f.Payload)]
	if !ok {
		return event.Event{}, &UnknownTypeError{fmt.Sprintf("%T", f.Payload)}
	}
	data, err := json.Marshal(f.Payload)
	if err != nil {
		return event.Event{}, fmt.Errorf("encode %q: %w", t.name, err)
	}
	return f.Event(c.aggregateType, t.name, t.version, data), nil
}

func (c *jsonCodec[P]) decode(e event.Event) (Fact[P], error) {
	t, ok := c.byName[e.Type]
	if !ok {
		return Fact[P]{}, &UnknownTypeError{e.Type}
	}
	if found := max(e.SchemaVersion, 1); found != t.version {
		return Fact[P]{}, &SchemaVersionError{e.Type, t.version, found}
	}
	payload := reflect.New(t.goType)
	dec := json.NewDecoder(bytes.NewReader(e.Data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(payload.Interface()); err != nil {
		return Fact[P]{}, fmt.Errorf("decode %q: %w", t.name, err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return Fact[P]{}, fmt.Errorf("decode %q: more than one JSON value", t.name)
	}
	return Fact[P]{HeaderOf(&e), payload.Elem().Interface().(P)}, nil
}
