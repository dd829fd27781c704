package tracing

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
)

// recorded is an observer, and the spans that it has made.
func recorded(t *testing.T, sampler sdktrace.Sampler) (*observer, *tracetest.SpanRecorder) {
	t.Helper()
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans), sdktrace.WithSampler(sampler))
	return &observer{tracer: provider.Tracer("test"), folds: map[string][]fold{}}, spans
}

func id(n int) uuid.UUID { return uuid.MustParse(fmt.Sprintf("00000001-0000-7000-8000-%012x", n)) }

// batch is a call with the events at some positions, each appended in a trace of its own,
// but for the last, which is in that of the first.
func batch(first, last int) engine.Call {
	c := engine.Call{Pipeline: "p", Generation: 1, First: event.Position(first), Last: event.Position(last), Began: time.Unix(1, 0), Took: time.Second}
	for at := first; at <= last; at++ {
		trace := at
		if at == last {
			trace = first
		}
		e := &event.Recorded{Position: event.Position(at)}
		e.CorrelationID, e.CausationID = id(at), uuid.NullUUID{UUID: id(1000 + at), Valid: at%2 == 0}
		e.Metadata = json.RawMessage(fmt.Sprintf(`{"traceparent":"00-%032x-%016x-01"}`, trace, trace))
		c.Events = append(c.Events, e)
	}
	return c
}

func attempt(after, through int) engine.Attempt {
	return engine.Attempt{Executor: "x", Began: time.Unix(2, 0), Took: time.Second, Batch: effect.Batch{
		Pipeline: "p", Generation: 1, After: event.Position(after), Through: event.Position(through), Effects: []effect.Effect{{CauseID: id(1), CorrelationID: id(2)}}}}
}

func ids32(s sdktrace.ReadOnlySpan, name attribute.Key) int {
	for _, a := range s.Attributes() {
		if a.Key == name {
			return len(a.Value.AsStringSlice())
		}
	}
	return -1
}

// However large a batch is, its span is tied to a bounded number of others, once each.
func TestBounds(t *testing.T) {
	o, spans := recorded(t, sdktrace.AlwaysSample())
	o.called(batch(1, 20))
	o.called(batch(21, 1020))
	ended := spans.Ended()
	if n := len(ended[0].Links()); n != 19 {
		t.Errorf("20 events of 19 traces make %d links", n)
	}
	if n := len(ended[1].Links()); n != maxLinks {
		t.Errorf("1000 events make %d links", n)
	}
	if n := ids32(ended[1], "refold.correlation_ids"); n != maxIDs {
		t.Errorf("1000 events make %d correlation ids", n)
	}
	if n := ids32(ended[0], "refold.causation_ids"); n != 10 {
		t.Errorf("20 events, of which 10 have a cause, make %d causation ids", n)
	}
	for at := 1100; at < 1100+2*maxRemembered; at++ {
		o.called(batch(at, at))
	}
	if n := len(o.folds["p"]); n != maxRemembered {
		t.Errorf("%d folds are remembered", n)
	}
	o.checkpointed(engine.Checkpoint{Pipeline: "p", Generation: 1, Position: 5000, Began: time.Unix(3, 0)})
	ended = spans.Ended()
	if last := ended[len(ended)-1]; last.Name() != "checkpoint" || len(last.Links()) != maxLinks || len(o.folds["p"]) != 0 {
		t.Errorf("%s with %d links leaves %d folds", last.Name(), len(last.Links()), len(o.folds["p"]))
	}
}

// What performs several folds' effects is a child of the first and linked to the others;
// what fails says so; another generation's folds are not its own.
func TestAttempts(t *testing.T) {
	o, spans := recorded(t, sdktrace.AlwaysSample())
	o.called(batch(1, 2))
	o.called(batch(3, 4))
	other := batch(3, 4)
	other.Generation = 2
	o.called(other)
	failed := attempt(0, 4)
	failed.Err = errors.New("out of reach")
	o.executed(failed)
	o.executed(attempt(0, 4))
	none := attempt(0, 4)
	none.Batch.Effects = nil
	o.executed(none)
	o.executed(attempt(4, 9)) // of a fold that is not traced
	ended := spans.Ended()
	if len(ended) != 5 {
		t.Fatalf("%d spans", len(ended))
	}
	for i, want := range []codes.Code{codes.Error, codes.Unset} {
		s := ended[3+i]
		if s.Parent().SpanID() != ended[0].SpanContext().SpanID() || len(s.Links()) != 1 || s.Links()[0].SpanContext.SpanID() != ended[1].SpanContext().SpanID() || s.Status().Code != want {
			t.Errorf("attempt %d: parent %s, links %v, status %v", i, s.Parent().SpanID(), s.Links(), s.Status())
		}
		if !s.StartTime().Equal(time.Unix(2, 0)) || !s.EndTime().Equal(time.Unix(3, 0)) {
			t.Errorf("attempt %d lasts from %v to %v", i, s.StartTime(), s.EndTime())
		}
	}
}

// A fold that has failed, or is not sampled, is not remembered, and nothing hangs on it.
func TestNothingHangsOnWhatIsNotThere(t *testing.T) {
	o, spans := recorded(t, sdktrace.NeverSample())
	o.called(batch(1, 2))
	o.executed(attempt(0, 2))
	o.checkpointed(engine.Checkpoint{Pipeline: "p", Generation: 1, Position: 2})
	if n := len(spans.Ended()); n != 0 || len(o.folds["p"]) != 0 {
		t.Errorf("%d spans of what is not sampled, %d folds remembered", n, len(o.folds["p"]))
	}
	o, spans = recorded(t, sdktrace.AlwaysSample())
	c := batch(1, 2)
	c.Err = errors.New("it is bad")
	o.called(c)
	o.executed(attempt(0, 2))
	if ended := spans.Ended(); len(ended) != 1 || ended[0].Status().Code != codes.Error {
		t.Errorf("spans %v", ended)
	}
	o.called(batch(1, 2)) // again, in one and then in two
	o.called(batch(1, 1))
	if n := len(o.folds["p"]); n != 1 {
		t.Errorf("%d folds remembered of what is folded again", n)
	}
}

func BenchmarkObserver(b *testing.B) {
	provider := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.AlwaysSample()))
	o := Observer(provider.Tracer("bench"))
	c := batch(1, 1024)
	for i := range c.Events {
		c.Events[i].Metadata = nil
	}
	for b.Loop() {
		o.Called(c)
		o.Executed(attempt(0, 1024))
		o.Checkpointed(engine.Checkpoint{Pipeline: "p", Generation: 1, Position: 1024})
	}
}
