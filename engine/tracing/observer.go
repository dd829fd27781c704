package tracing

import (
	"context"
	"slices"
	"sync"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
)

const (
	// maxLinks and maxIDs bound what one span is tied to.
	maxLinks = 32
	maxIDs   = 32
	// maxRemembered bounds the folds of a pipeline that wait for their effects and their
	// checkpoint.
	maxRemembered = 256
)

// observer makes spans of what it is told.
type observer struct {
	tracer trace.Tracer

	mu    sync.Mutex
	folds map[string][]fold // by pipeline, in the order of their ends
}

// fold is a span of a batch that has been folded.
type fold struct {
	generation  uint64
	first, last event.Position
	span        trace.SpanContext
}

// Observer has spans made by a tracer.
func Observer(tracer trace.Tracer) engine.Observer {
	o := &observer{tracer: tracer, folds: map[string][]fold{}}
	return engine.Observer{Called: o.called, Executed: o.executed, Checkpointed: o.checkpointed}
}

func about(pipeline string, generation uint64, more ...attribute.KeyValue) trace.SpanStartOption {
	return trace.WithAttributes(append(more, attribute.String("refold.pipeline", pipeline), attribute.Int64("refold.generation", int64(generation)))...)
}

// positions are where a span's events are.
func positions(first, last event.Position) []attribute.KeyValue {
	return []attribute.KeyValue{attribute.Int64("refold.position.first", int64(first)), attribute.Int64("refold.position.last", int64(last))}
}

func (o *observer) called(c engine.Call) {
	_, span := o.tracer.Start(context.Background(), "fold", trace.WithTimestamp(c.Began), trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithLinks(appended(c.Events)...), about(c.Pipeline, c.Generation, positions(c.First, c.Last)...))
	if span.IsRecording() {
		correlations, causations := ids{}, ids{}
		for _, e := range c.Events {
			correlations.add(e.CorrelationID)
			if e.CausationID.Valid {
				causations.add(e.CausationID.UUID)
			}
		}
		span.SetAttributes(attribute.Int("refold.events", len(c.Events)), attribute.Int("refold.effects", c.Effects),
			correlations.attribute("refold.correlation_ids"), causations.attribute("refold.causation_ids"))
		if c.Fuel > 0 {
			span.SetAttributes(attribute.Int64("refold.fuel", int64(c.Fuel)))
		}
	}
	end(span, c.Err, trace.WithTimestamp(c.Began.Add(c.Took)))
	if c.Err == nil && span.SpanContext().IsSampled() {
		o.remember(c.Pipeline, fold{c.Generation, c.First, c.Last, span.SpanContext()})
	}
}

// appended are links to the traces that events were appended in, one each.
func appended(events []*event.Recorded) (links []trace.Link) {
	for _, e := range events {
		text := e.Traceparent()
		if text == "" {
			continue
		}
		carrier := propagation.MapCarrier{"traceparent": text}
		at := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carrier))
		if !at.IsValid() || slices.ContainsFunc(links, func(l trace.Link) bool { return l.SpanContext.Equal(at) }) {
			continue
		}
		if links = append(links, trace.Link{SpanContext: at}); len(links) == maxLinks {
			break
		}
	}
	return links
}

func (o *observer) executed(a engine.Attempt) {
	b := &a.Batch
	folds := o.foldsOf(b.Pipeline, b.Generation, b.After, b.Through)
	if len(folds) == 0 || len(b.Effects) == 0 {
		return
	}
	ctx := trace.ContextWithSpanContext(context.Background(), folds[0].span)
	_, span := o.tracer.Start(ctx, "execute "+a.Executor, trace.WithTimestamp(a.Began), trace.WithSpanKind(trace.SpanKindProducer),
		trace.WithLinks(linksTo(folds[1:])...), about(b.Pipeline, b.Generation, positions(b.After+1, b.Through)...))
	if span.IsRecording() {
		correlations, causes := ids{}, ids{}
		for i := range b.Effects {
			correlations.add(b.Effects[i].CorrelationID)
			causes.add(b.Effects[i].CauseID)
		}
		span.SetAttributes(attribute.String("refold.executor", a.Executor), attribute.Int("refold.effects", len(b.Effects)), attribute.Int("refold.performed", a.Performed),
			correlations.attribute("refold.correlation_ids"), causes.attribute("refold.causation_ids"))
	}
	end(span, a.Err, trace.WithTimestamp(a.Began.Add(a.Took)))
}

func (o *observer) checkpointed(c engine.Checkpoint) {
	folds := o.forget(c.Pipeline, c.Generation, c.Position)
	if len(folds) == 0 {
		return
	}
	_, span := o.tracer.Start(context.Background(), "checkpoint", trace.WithTimestamp(c.Began), trace.WithLinks(linksTo(folds)...),
		about(c.Pipeline, c.Generation, positions(folds[0].first, c.Position)...))
	span.End(trace.WithTimestamp(c.Began.Add(c.Took)))
}

// end ends a span. An error's text may quote an event: that is for the engine's log.
func end(span trace.Span, err error, at trace.SpanEndOption) {
	if err != nil {
		span.SetStatus(codes.Error, "the engine's log says why")
	}
	span.End(at)
}

func linksTo(folds []fold) []trace.Link {
	links := make([]trace.Link, 0, min(len(folds), maxLinks))
	for _, f := range folds[:cap(links)] {
		links = append(links, trace.Link{SpanContext: f.span})
	}
	return links
}

// remember keeps a fold until its checkpoint. What is folded again takes the place of what
// was folded before.
func (o *observer) remember(pipeline string, f fold) {
	o.mu.Lock()
	defer o.mu.Unlock()
	kept := slices.DeleteFunc(o.folds[pipeline], func(before fold) bool { return before.generation == f.generation && before.last >= f.first })
	if surplus := len(kept) + 1 - maxRemembered; surplus > 0 {
		kept = slices.Delete(kept, 0, surplus)
	}
	o.folds[pipeline] = append(kept, f)
}

// foldsOf are the folds of a range of positions.
func (o *observer) foldsOf(pipeline string, generation uint64, after, through event.Position) (list []fold) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, f := range o.folds[pipeline] {
		if f.generation == generation && f.last > after && f.last <= through {
			list = append(list, f)
		}
	}
	return list
}

// forget returns the folds up to a position, which are stored.
func (o *observer) forget(pipeline string, generation uint64, through event.Position) (list []fold) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.folds[pipeline] = slices.DeleteFunc(o.folds[pipeline], func(f fold) bool {
		stored := f.generation == generation && f.last <= through
		if stored {
			list = append(list, f)
		}
		return stored
	})
	return list
}

// ids are the first of some that differ.
type ids []string

func (l *ids) add(id uuid.UUID) {
	if len(*l) == maxIDs {
		return
	}
	if text := id.String(); !slices.Contains(*l, text) {
		*l = append(*l, text)
	}
}

func (l *ids) attribute(name string) attribute.KeyValue { return attribute.StringSlice(name, *l) }
