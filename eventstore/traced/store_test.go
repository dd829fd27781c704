package traced_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/traced"
)

var shelf = event.Aggregate{Type: "shelf", ID: uuid.MustParse("00000002-0000-7000-8000-000000000001")}

func numbered(n int, metadata string) event.Event {
	e := event.Event{ID: uuid.MustParse(fmt.Sprintf("00000001-0000-7000-8000-%012x", n)), Aggregate: shelf, Type: "book_added", Time: time.Unix(int64(n), 0).UTC(),
		CorrelationID: uuid.MustParse("00000003-0000-7000-8000-000000000001"), Data: json.RawMessage(`{}`)}
	if metadata != "" {
		e.Metadata = json.RawMessage(metadata)
	}
	return e
}

func opened(t *testing.T) *memory.Store {
	s := memory.New()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// An append is a span, the events that it stores carry it, and those that have a trace
// keep theirs; the caller's events stay as they are. What fails says so.
func TestAppend(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	s := traced.Wrap(opened(t), sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test"))
	const other = "00-11111111111111111111111111111111-2222222222222222-01"
	given := []event.Event{numbered(1, ""), numbered(2, `{"by":"hand"}`), numbered(3, `{"traceparent":"`+other+`"}`)}
	at, err := s.Append(t.Context(), shelf, event.None(), given...)
	if err != nil || at.Position != 3 {
		t.Fatal(at, err)
	}
	if given[0].Metadata != nil || string(given[1].Metadata) != `{"by":"hand"}` {
		t.Errorf("the caller's events have become %s and %s", given[0].Metadata, given[1].Metadata)
	}
	span := spans.Ended()[0]
	own := fmt.Sprintf("00-%s-%s-01", span.SpanContext().TraceID(), span.SpanContext().SpanID())
	stored, err := s.Read(t.Context(), shelf, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{own, own, other} {
		if got := stored[i].Traceparent(); got != want {
			t.Errorf("event %d is of trace %q, want %q", i+1, got, want)
		}
	}
	var conflict *eventstore.ConflictError
	if _, err := s.Append(t.Context(), shelf, event.None(), numbered(4, "")); !errors.As(err, &conflict) || spans.Ended()[1].Status().Code != codes.Error {
		t.Errorf("a conflict: %v, with a span of status %v", err, spans.Ended()[1].Status())
	}
	if at, err := s.Append(t.Context(), shelf, event.None(), numbered(1, ""), numbered(2, `{"by":"hand"}`), numbered(3, "")); err != nil || !at.Duplicate {
		t.Errorf("the same again, in another trace: %+v, %v", at, err)
	}
}

// Where nothing traces, events carry the trace that their appender is in, or none.
func TestAppendWithoutSpans(t *testing.T) {
	s := traced.Wrap(opened(t), noop.Tracer{})
	caller := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}})
	for n, ctx := range map[int]context.Context{1: t.Context(), 2: trace.ContextWithRemoteSpanContext(t.Context(), caller)} {
		if _, err := s.Append(ctx, shelf, event.Any(), numbered(n, "")); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := s.Read(t.Context(), shelf, 1)
	if err != nil || len(stored) != 2 {
		t.Fatal(stored, err)
	}
	for _, e := range stored {
		want := map[bool]string{true: "00-01000000000000000000000000000000-0200000000000000-00"}[e.ID == numbered(2, "").ID]
		if got := e.Traceparent(); got != want {
			t.Errorf("event %s is of trace %q, want %q", e.ID, got, want)
		}
	}
}
