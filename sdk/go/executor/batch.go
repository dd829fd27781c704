package executor

import (
	"bytes"
	"iter"
	"time"

	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/go/value"
)

// UUID is a universally unique identifier, Object a writer of JSON objects.
type (
	UUID   = value.UUID
	Object = value.Object
)

// Kind says what an effect asks for.
type Kind uint16

// The kinds of effect.
const (
	Insert Kind = 1 + iota
	Update
	Delete
	Query
	Log
	EmitEvent
)

var kindNames = [...]string{"", "insert", "update", "delete", "query", "log", "emit_event"}

// String returns the kind's name, as in YAML.
func (k Kind) String() string { return kindNames[k] }

// Level is the severity of a log line.
type Level uint16

// The levels.
const (
	Debug Level = iota
	Info
	Warn
	Error
)

// Effect is one effect. It is the executor's to keep.
type Effect struct {
	Kind  Kind
	Level Level // of a Log
	// ID is the same each time the effect comes, on every machine: an idempotency key.
	ID UUID
	// Cause is the position of the event that caused it, Ordinal its place among the
	// effects of that event; CauseID, CorrelationID and Time are the event's.
	Cause         uint64
	Ordinal       uint32
	CauseID       UUID
	CorrelationID UUID
	Time          time.Time
	// Name is the collection (Insert, Update, Delete), the query (Query) or the event
	// type (EmitEvent); Key the row's (Update, Delete) or the stream (EmitEvent).
	Name, Key string
	// Body is the row, the changed columns, the parameters or the event's data, as
	// JSON; the message (Log), as text.
	Body []byte
}

// Batch is the effects to be performed, in order.
type Batch struct {
	frame.EffectBatchHeader
	frame frame.EffectBatch
	at    int // the effect marked last, or -1
}

// Len is the number of effects.
func (b *Batch) Len() int { return b.frame.Count() }

// Effects yields the effects, each once those before it are done.
func (b *Batch) Effects() iter.Seq[Effect] {
	return func(yield func(Effect) bool) {
		for i, e := range b.frame.Effects() {
			b.mark(i)
			if !yield(effectOf(&e)) {
				return
			}
		}
	}
}

// All returns the effects without marking any, for whoever performs several by one
// request: nothing is done then until Execute returns without an error, and none is
// condemned but by [PoisonAt].
func (b *Batch) All() []Effect {
	list := make([]Effect, 0, b.Len())
	for _, e := range b.frame.Effects() {
		list = append(list, effectOf(&e))
	}
	return list
}

// mark says that the effects before i are done.
func (b *Batch) mark(i int) {
	if i > b.at {
		b.at = i
		beginEffect(int32(i))
	}
}

func effectOf(e *frame.BatchedEffect) Effect {
	return Effect{
		Kind: Kind(e.Kind), Level: Level(e.Level), ID: e.ID, Cause: e.Cause, Ordinal: e.Ordinal,
		CauseID: e.CauseID, CorrelationID: e.CorrelationID, Time: time.Unix(0, e.Time).UTC(),
		Name: string(e.Name), Key: string(e.Key), Body: bytes.Clone(e.Body),
	}
}
