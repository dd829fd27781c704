package event

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// Position is the place of an event in the whole log, 1-based; 0 is the place
// before the first event.
type Position uint64

// Version is the place of an event in its own aggregate, 1-based and gapless;
// 0 is the version of an aggregate without events.
type Version uint64

// Aggregate names the thing that events are about.
type Aggregate struct {
	Type string
	ID   uuid.UUID
}

// String returns the aggregate as type/id.
func (a Aggregate) String() string { return a.Type + "/" + a.ID.String() }

// Event is a fact as its author states it, not yet in a log.
type Event struct {
	// ID is unique in the log; it is the idempotency key of an append.
	ID        uuid.UUID
	Aggregate Aggregate
	// Type is the event type in snake_case, such as "status_changed".
	Type string
	// SchemaVersion is the version of the type's fields; 0 is read as 1.
	SchemaVersion uint32
	// Time is when the fact happened, by its author's clock. Times of
	// successive events need not be monotonic. Of its offset nothing is kept: a
	// log has it in UTC.
	Time time.Time
	// CorrelationID ties together all events of one undertaking.
	CorrelationID uuid.UUID
	// CausationID is the event or command that caused this one, if any.
	CausationID uuid.NullUUID
	// Data is the payload: one JSON object.
	Data json.RawMessage
	// Metadata is one JSON object about the event rather than of it, or nil.
	Metadata json.RawMessage
}

// Recorded is an event in the log.
type Recorded struct {
	Event
	Position Position
	Version  Version
}

// Expected is what the author of an append believes the aggregate's version to
// be. The zero value expects an aggregate without events.
type Expected struct {
	any     bool
	version Version
}

// Any expects nothing: the append goes through at whatever version.
func Any() Expected { return Expected{any: true} }

// None expects an aggregate without events.
func None() Expected { return Expected{} }

// Exactly expects the aggregate to be at version v.
func Exactly(v Version) Expected { return Expected{version: v} }

// IsAny reports whether nothing is expected.
func (e Expected) IsAny() bool { return e.any }

// Version is the expected version; it has no meaning when IsAny.
func (e Expected) Version() Version { return e.version }

// Allows reports whether an append may go through at version actual.
func (e Expected) Allows(actual Version) bool { return e.any || e.version == actual }

// String returns "any" or the expected version in decimal.
func (e Expected) String() string {
	if e.any {
		return "any"
	}
	return strconv.FormatUint(uint64(e.version), 10)
}
