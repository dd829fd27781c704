package archive

import (
	"encoding/json"
	"iter"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/sdk/frame"
)

// Fields of an event record and of a batch header, as the plugin ABI lays them
// out (sdk/ABI.md). The frame package reads records only within their frame; an
// index leads to one record by itself.
const (
	recordsAt  = 40 // in the batch header: offset of the first record
	recordSize = 128

	recLength        = 0
	recFlags         = 4
	recPosition      = 8
	recVersion       = 16
	recTime          = 24
	recID            = 32
	recAggregateID   = 48
	recCorrelationID = 64
	recCausationID   = 80
	recSchemaVersion = 104
	recData          = 112
	recMetadata      = 120

	recHasCausation = 1 << 0
	recHasMetadata  = 1 << 1
)

// record is the bytes of one event record.
type record []byte

// parseRecord checks the references of a record that comes without its frame.
func parseRecord(b []byte) (record, error) {
	if len(b) < recordSize || int(le.Uint32(b[recLength:])) != len(b) {
		return nil, flaw("the event record has another length than its index says")
	}
	for _, field := range [...]int{recData, recMetadata} {
		at, length := le.Uint32(b[field:]), le.Uint32(b[field+4:])
		if length > 0 && (at < recordSize || uint64(at)+uint64(length) > uint64(len(b))) {
			return nil, flaw("the event record refers to bytes outside of it")
		}
	}
	return record(b), nil
}

func (r record) position() event.Position { return event.Position(le.Uint64(r[recPosition:])) }
func (r record) version() event.Version   { return event.Version(le.Uint64(r[recVersion:])) }
func (r record) time() int64              { return int64(le.Uint64(r[recTime:])) }
func (r record) id() uuid.UUID            { return uuid.UUID(r[recID : recID+16]) }
func (r record) aggregateID() uuid.UUID   { return uuid.UUID(r[recAggregateID : recAggregateID+16]) }
func (r record) correlationID() uuid.UUID {
	return uuid.UUID(r[recCorrelationID : recCorrelationID+16])
}

func (r record) json(field int) json.RawMessage {
	at, length := le.Uint32(r[field:]), le.Uint32(r[field+4:])
	if length == 0 {
		return nil
	}
	return json.RawMessage(r[at : at+length : at+length])
}

// event decodes the record, whose type names stand outside of it. Data and
// Metadata alias it.
func (r record) event(eventType, aggregateType string) event.Recorded {
	out := event.Recorded{Position: r.position(), Version: r.version()}
	out.ID = r.id()
	out.Aggregate = event.Aggregate{Type: aggregateType, ID: r.aggregateID()}
	out.Type = eventType
	out.SchemaVersion = le.Uint32(r[recSchemaVersion:])
	out.Time = time.Unix(0, r.time()).UTC()
	out.CorrelationID = r.correlationID()
	flags := le.Uint32(r[recFlags:])
	if flags&recHasCausation != 0 {
		out.CausationID = uuid.NullUUID{UUID: uuid.UUID(r[recCausationID : recCausationID+16]), Valid: true}
	}
	out.Data = r.json(recData)
	if flags&recHasMetadata != 0 {
		out.Metadata = r.json(recMetadata)
	}
	return out
}

// placed is a record in its block.
type placed struct {
	record
	view frame.EventView
	at   uint32 // offset in the frame
}

// records yields the records of the block's current events in order.
func (k *block) records() iter.Seq[placed] { return records(k.frame, k.batch) }

// records yields the records of a frame of one group in order.
func records(b []byte, batch frame.Batch) iter.Seq[placed] {
	return func(yield func(placed) bool) {
		at := le.Uint32(b[recordsAt:])
		for view := range batch.Group(0).Events() {
			length := le.Uint32(b[at+recLength:])
			if !yield(placed{record(b[at : at+length : at+length]), view, at}) {
				return
			}
			at += length
		}
	}
}

// interner makes one string of equal names.
type interner map[string]string

func (in interner) name(b []byte) string {
	if s, ok := in[string(b)]; ok {
		return s
	}
	s := string(b)
	in[s] = s
	return s
}
