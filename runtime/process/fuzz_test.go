package process

import (
	"context"
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/process/wire"
)

// seeds are messages that a fuzzer starts from.
func seeds(f *testing.F, messages ...proto.Message) {
	for _, m := range messages {
		text, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
}

// FuzzFoldReply: whatever a process answers is bytes within the limit, or a fault
// that blames an event of the batch or none.
func FuzzFoldReply(f *testing.F) {
	at := uint32(2)
	seeds(f, &wire.FoldReply{}, &wire.FoldReply{Outcome: &wire.FoldReply_Result{Result: []byte("RFR1")}},
		&wire.FoldReply{Outcome: &wire.FoldReply_Fault{Fault: &wire.Fault{Reason: "no", Event: &at}}})
	x := &executable{name: "x"}
	f.Fuzz(func(t *testing.T, text []byte) {
		var reply wire.FoldReply
		if proto.Unmarshal(text, &reply) != nil {
			return
		}
		const events = 3
		out, err := x.resultOf(&reply, events)
		var fault *runtime.GuestError
		switch {
		case err == nil && len(out) > frame.MaxSize:
			t.Errorf("%d bytes", len(out))
		case err == nil:
		case !errors.As(err, &fault):
			t.Errorf("%v is no fault of a guest", err)
		case fault.Event != runtime.NoEvent && (fault.Event < 0 || fault.Event >= events):
			t.Errorf("event %d of %d is blamed", fault.Event, events)
		}
		if err != nil {
			wantOneLine(t, err)
		}
	})
}

func wantOneLine(t *testing.T, err error) {
	t.Helper()
	if text := err.Error(); strings.ContainsAny(text, "\n\r") || len(text) > 2*maxReason {
		t.Errorf("the error has %d bytes, on more than a line: %q", len(text), text)
	}
}

// FuzzExecuteReply: whatever a process answers, the position moves to the batch's end
// or not at all, and what is condemned or said to be next is there.
func FuzzExecuteReply(f *testing.F) {
	seeds(f, &wire.ExecuteReply{Position: 9},
		&wire.ExecuteReply{Position: 5, Failure: &wire.Failure{Class: wire.Failure_POISON, Cause: 7, Ordinal: 1, Reason: "bad"}},
		&wire.ExecuteReply{Position: 5, Failure: &wire.Failure{Class: wire.Failure_RETRY, RetryAfterMs: 100, Done: &wire.Done{Cause: 7}}},
		&wire.ExecuteReply{Position: 5, Failure: &wire.Failure{Class: wire.Failure_FENCED}},
		&wire.ExecuteReply{Position: 5, Failure: &wire.Failure{Class: wire.Failure_CANCELLED}})
	effects := []effect.Effect{{Cause: 7}, {Cause: 7, Ordinal: 1}}
	f.Fuzz(func(t *testing.T, text []byte) {
		var reply wire.ExecuteReply
		if proto.Unmarshal(text, &reply) != nil {
			return
		}
		x := &Executor{executable: &executable{name: "x"}, transactional: true, position: 5}
		err := x.settle(context.Background(), &reply, effect.Batch{After: 5, Through: 9, Effects: effects})
		if at := x.position; at != 5 && (at != 9 || err != nil) {
			t.Errorf("the position is %d, the error %v", at, err)
		}
		if err == nil {
			return
		}
		wantOneLine(t, err)
		var poison *effect.PoisonError
		if errors.As(err, &poison) && !has(effects, uint64(poison.Cause), poison.Ordinal) {
			t.Errorf("effect %d of event %d is condemned", poison.Ordinal, poison.Cause)
		}
		var partial *effect.PartialError
		if errors.As(err, &partial) && !has(effects, uint64(partial.Cause), partial.Ordinal) {
			t.Errorf("effect %d of event %d is next", partial.Ordinal, partial.Cause)
		}
	})
}

// FuzzOpenReply: a process that replaces another is where that one was, or is
// refused.
func FuzzOpenReply(f *testing.F) {
	seeds(f, &wire.OpenReply{Handles: []wire.Kind{wire.Kind_INSERT}, Transactional: true, Position: 5, Active: true},
		&wire.OpenReply{Handles: []wire.Kind{wire.Kind_INSERT}, Transactional: true, Position: 9})
	f.Fuzz(func(t *testing.T, text []byte) {
		var reply wire.OpenReply
		if proto.Unmarshal(text, &reply) != nil {
			return
		}
		x := &Executor{executable: &executable{name: "x"}, transactional: true, position: 5, tried: 9,
			handles: map[effect.Kind]bool{effect.Insert: true}}
		if err := x.takeOver(&reply); err == nil && x.position != 5 && x.position != 9 {
			t.Errorf("the position is %d", x.position)
		}
		if !x.transactional || !x.Handles(effect.Insert) || x.Handles(effect.Log) {
			t.Error("what it promised at first has changed")
		}
		fresh := &Executor{executable: &executable{name: "x"}}
		if err := fresh.takeOver(&reply); err != nil || fresh.position != event.Position(reply.GetPosition()) {
			t.Errorf("position %d, error %v", fresh.position, err)
		}
	})
}
