package nats

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// Append appends an event to the engine's log, at whatever version its aggregate
// is. An event that the log has already is not appended, and no error. An error
// that passes has the method Retryable, as an effect.RetryError; one of an event
// that the log never takes is a *RejectedError.
type Append func(ctx context.Context, e event.Event) error

// RejectedError is an event that the log never takes.
type RejectedError struct{ Err error }

func (e *RejectedError) Error() string { return e.Err.Error() }
func (e *RejectedError) Unwrap() error { return e.Err }

// EmitConfig says what the events are that effects become.
type EmitConfig struct {
	// AggregateType is that of events for which the effect names no stream; empty
	// means the pipeline's name, with "_" for each "-".
	AggregateType string
	// SchemaVersions are the versions in which the projection writes events, by type;
	// the others are 1.
	SchemaVersions map[string]uint32
}

// Validate checks the configuration.
func (c *EmitConfig) Validate() error {
	if c.AggregateType != "" {
		if err := event.ValidateTypeName(c.AggregateType); err != nil {
			return &ConfigError{Field: "aggregate_type", Reason: err.Error()}
		}
	}
	for name, version := range c.SchemaVersions {
		if err := event.ValidateTypeName(name); err != nil {
			return &ConfigError{Field: "schema_versions", Reason: fmt.Sprintf("event type %v", err)}
		}
		if version == 0 {
			return &ConfigError{Field: "schema_versions", Reason: name + " has version 0", Hint: "versions begin with 1"}
		}
	}
	return nil
}

// Emitter appends the events of EmitEvent effects.
type Emitter struct {
	lasting
	append Append
	cfg    EmitConfig
}

// NewEmitter returns an executor that appends to a log.
func NewEmitter(log Append, c EmitConfig) (*Emitter, error) {
	return &Emitter{append: log, cfg: c}, c.Validate()
}

// Handles reports whether k is EmitEvent.
func (e *Emitter) Handles(k effect.Kind) bool { return k == effect.EmitEvent }

// Execute appends the batch's events in order, one after the other. After an error
// those before that of the *effect.PartialError are in the log.
func (e *Emitter) Execute(ctx context.Context, b effect.Batch) error {
	for i := range b.Effects {
		f := &b.Effects[i]
		if f.Kind != effect.EmitEvent {
			continue
		}
		if err := e.emit(ctx, &b, f); err != nil {
			return stoppedAt(f, fmt.Errorf("emitting %.64q: %w", f.Name, err))
		}
	}
	return ctx.Err()
}

func (e *Emitter) emit(ctx context.Context, b *effect.Batch, f *effect.Effect) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	emitted, err := e.event(b, f)
	if err != nil {
		return poison(f, err)
	}
	err = e.append(ctx, emitted)
	var never *RejectedError
	if errors.As(err, &never) {
		return poison(f, err)
	}
	return err
}

// event is the event that an effect becomes. It depends on nothing else.
func (e *Emitter) event(b *effect.Batch, f *effect.Effect) (event.Event, error) {
	emitted := event.Event{
		ID:            effect.EventID(b.Pipeline, f.Cause, f.Ordinal),
		Aggregate:     event.Aggregate{Type: e.aggregateType(b.Pipeline), ID: f.CorrelationID},
		Type:          f.Name,
		SchemaVersion: max(e.cfg.SchemaVersions[f.Name], 1),
		Time:          f.CauseTime,
		CorrelationID: f.CorrelationID,
		CausationID:   uuid.NullUUID{UUID: f.CauseID, Valid: true},
		Data:          event.OneLine(f.Body),
	}
	if f.Key != "" {
		stream, err := event.ParseStream(f.Key)
		if err != nil {
			return emitted, err
		}
		emitted.Aggregate = stream.Aggregate
		if emitted.Metadata, err = stream.Metadata(nil); err != nil {
			return emitted, err
		}
	}
	return emitted, emitted.Validate()
}

// Discard does nothing: what is in the log stays.
func (e *Emitter) Discard(context.Context) error { return nil }

// Close does nothing: the log is the caller's.
func (e *Emitter) Close() error { return nil }

func (e *Emitter) aggregateType(pipeline string) string {
	if e.cfg.AggregateType != "" {
		return e.cfg.AggregateType
	}
	return strings.ReplaceAll(pipeline, "-", "_")
}
