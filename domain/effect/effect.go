package effect

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// Kind says what an effect asks for. The numbers are those of the plugin ABI.
type Kind uint16

// The kinds of effect.
const (
	// Insert writes a whole row: it creates the row, or replaces the row that
	// has the same primary key.
	Insert Kind = 1
	// Update changes the named columns of one row; a row that does not exist
	// is left non-existent.
	Update Kind = 2
	// Delete removes one row; a row that does not exist is no error.
	Delete Kind = 3
	// Query asks for a read whose answer becomes an event.
	Query Kind = 4
	// Log writes a line to the operator's log.
	Log Kind = 5
	// EmitEvent appends an event to the log.
	EmitEvent Kind = 6
)

var kindNames = [...]string{
	Insert: "insert", Update: "update", Delete: "delete", Query: "query", Log: "log", EmitEvent: "emit_event",
}

// String returns the kind's name as in YAML and JSON.
func (k Kind) String() string {
	if k > 0 && int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint16(k))
}

// IsRow reports whether effects of the kind are about a row.
func (k Kind) IsRow() bool { return k == Insert || k == Update || k == Delete }

// ParseKind returns the kind that a name stands for.
func ParseKind(name string) (k Kind, ok bool) {
	i := slices.Index(kindNames[1:], name) + 1
	return Kind(i), i > 0
}

// KindNames are the names of all kinds.
func KindNames() []string { return slices.Clone(kindNames[1:]) }

// Level is the severity of a Log effect. The numbers are those of the plugin ABI.
type Level uint16

// The levels of a Log effect.
const (
	Debug Level = iota
	Info
	Warn
	Error
)

var levelNames = [...]string{Debug: "debug", Info: "info", Warn: "warn", Error: "error"}

// String returns the level's name as in YAML and JSON.
func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return fmt.Sprintf("level(%d)", uint16(l))
}

// ParseLevel returns the level that a name stands for.
func ParseLevel(name string) (l Level, ok bool) {
	i := slices.Index(levelNames[:], name)
	return Level(max(i, 0)), i >= 0
}

// LevelNames are the names of all levels, from the least severe on.
func LevelNames() []string { return slices.Clone(levelNames[:]) }

// Effect is one piece of I/O that a projection asks for.
type Effect struct {
	Kind Kind
	// Cause is the position of the event that caused the effect.
	Cause event.Position
	// Ordinal is the effect's 0-based place among those of the same cause.
	Ordinal uint32
	// CauseID, CorrelationID and CauseTime are the causing event's id, correlation
	// id and time, in UTC.
	CauseID       uuid.UUID
	CorrelationID uuid.UUID
	CauseTime     time.Time
	// Level is a Log effect's severity.
	Level Level
	// Name is the collection (Insert, Update, Delete), the query text (Query)
	// or the event type (EmitEvent).
	Name string
	// Key is the row's primary key as text (Update, Delete). A key of several
	// columns is a JSON array of their values. Of an EmitEvent it is the stream
	// that the projection names, which may be none. Of a Query it is the key of the
	// state whose fold asks; none where the projection has no keys.
	Key string
	// Body is the row (Insert), the changed columns (Update), the parameters
	// (Query) or the event's data (EmitEvent), as JSON; the message (Log), as
	// text. It is valid only during the call that receives the effect.
	Body json.RawMessage
}

// Batch is what an executor gets in one call: all effects of the events in a
// range of positions, in order. It is valid only during that call.
type Batch struct {
	Pipeline   string
	Generation uint64
	// After and Through bound the range: the events with After < position <=
	// Through have been folded, whether or not they had effects.
	After, Through event.Position
	Effects        []Effect
	// Late says that the effects are those of events that had to wait while the
	// others went on: After and Through are where the executor is, and the effects'
	// causes lie at or before that. They are performed all the same, and may come
	// again after a crash.
	Late bool
}

// ID derives an effect's identity from the pipeline that emitted it, the
// generation of its read model, and the effect's cause and ordinal. It is a
// UUID of version 8 (RFC 9562, section 5.8) over a SHA-256.
func ID(pipeline string, generation uint64, cause event.Position, ordinal uint32) uuid.UUID {
	buf := make([]byte, 0, len(pipeline)+28)
	buf = binary.LittleEndian.AppendUint64(buf, uint64(len(pipeline)))
	buf = append(buf, pipeline...)
	buf = binary.LittleEndian.AppendUint64(buf, generation)
	buf = binary.LittleEndian.AppendUint64(buf, uint64(cause))
	buf = binary.LittleEndian.AppendUint32(buf, ordinal)
	sum := sha256.Sum256(buf)
	var id uuid.UUID
	copy(id[:], sum[:16])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}

// EventID derives the id of the event that an EmitEvent effect appends: the
// effect's [ID] in generation 0, which no read model has. The event is a fact of
// the log, and no part of one build of a read model: a replay, and an append that
// is repeated after a crash, come with the id that the log has already.
func EventID(pipeline string, cause event.Position, ordinal uint32) uuid.UUID {
	return ID(pipeline, 0, cause, ordinal)
}
