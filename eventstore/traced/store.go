// Package traced has the appends to an event store be spans of OpenTelemetry traces.
//
// [Store] is a store whose Append is a span. Events that have no trace in their metadata
// get the span's, so that what they lead to can be linked to it: see
// [event.Event.Traceparent]. Where nothing traces, that is the trace which the caller's
// context carries, if any.
package traced

import (
	"context"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// Underlying is the store whose appends are spans.
type Underlying interface {
	Append(ctx context.Context, agg event.Aggregate, expected event.Expected, events ...event.Event) (eventstore.Appended, error)
	Read(ctx context.Context, agg event.Aggregate, from event.Version) ([]event.Recorded, error)
}

// maxIDs bounds the ids of a span.
const maxIDs = 32

// Store is a store whose appends are spans.
type Store struct {
	Underlying
	tracer trace.Tracer
}

// Wrap has a tracer make spans of a store's appends.
func Wrap(s Underlying, tracer trace.Tracer) *Store { return &Store{s, tracer} }

// Append appends as the store does.
func (s *Store) Append(ctx context.Context, agg event.Aggregate, expected event.Expected, events ...event.Event) (eventstore.Appended, error) {
	ctx, span := s.tracer.Start(ctx, "append", trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(
		attribute.String("refold.aggregate", agg.String()), attribute.Int("refold.events", len(events))))
	defer span.End()
	if span.IsRecording() {
		span.SetAttributes(idsOf(events)...)
	}
	at, err := s.Underlying.Append(ctx, agg, expected, marked(ctx, events)...)
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
		return at, err
	}
	span.SetAttributes(attribute.Int64("refold.position.last", int64(at.Position)), attribute.Int64("refold.version", int64(at.Version)), attribute.Bool("refold.duplicate", at.Duplicate))
	return at, nil
}

// marked are events with the trace that they are appended in.
func marked(ctx context.Context, events []event.Event) []event.Event {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	traceparent := carrier.Get("traceparent")
	if traceparent == "" {
		return events
	}
	list := slices.Clone(events)
	for i := range list {
		list[i] = list[i].WithTraceparent(traceparent)
	}
	return list
}

// idsOf are the ids by which events are found, and by which they hang together.
func idsOf(events []event.Event) []attribute.KeyValue {
	var own, correlations, causations []string
	add := func(list *[]string, id string) {
		if len(*list) < maxIDs && !slices.Contains(*list, id) {
			*list = append(*list, id)
		}
	}
	for i := range events {
		add(&own, events[i].ID.String())
		add(&correlations, events[i].CorrelationID.String())
		if events[i].CausationID.Valid {
			add(&causations, events[i].CausationID.UUID.String())
		}
	}
	return []attribute.KeyValue{attribute.StringSlice("refold.event_ids", own),
		attribute.StringSlice("refold.correlation_ids", correlations), attribute.StringSlice("refold.causation_ids", causations)}
}
