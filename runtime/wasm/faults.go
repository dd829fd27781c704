package wasm

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero/sys"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/imports"
)

// complain is a fault that the host found.
func (i *Instance) complain(code runtime.Code, reason string) *runtime.GuestError {
	return &runtime.GuestError{Code: code, Plugin: i.module.name, Executor: i.module.kind == imports.Executor, Event: runtime.NoEvent, Reason: reason}
}

// fault explains an error of a call into the guest.
func (i *Instance) fault(err error) *runtime.GuestError {
	i.guest.Log.Flush(i.guest)
	fault := i.complain(runtime.Trap, "trapped: "+firstLine(err))
	said, goPlace := i.guest.Log.Complaint(), i.guest.Log.Place()
	fault.Err = err
	var exit *sys.ExitError
	var pointer *imports.PointerError
	var use *imports.UseError
	switch {
	case errors.As(err, &exit):
		fault.Code = runtime.Exit
		fault.Reason = fmt.Sprintf("exited with code %d", exit.ExitCode())
	case errors.As(err, &pointer):
		fault.Code = runtime.BadPointer
		fault.Reason = pointer.Error()
	case errors.As(err, &use), errors.Is(err, imports.ErrWaiting):
		fault.Code = runtime.BadCall
		fault.Reason = firstLine(err)
	case i.wasm != nil:
		i.explain(fault)
	}
	if i.wasm != nil {
		i.locate(fault)
	}
	if goPlace == "" && fault.Code != runtime.Exit && fault.Code != runtime.BadPointer { // or the trap is deep in Go's own runtime
		fault.Reason += place(err, i.module.compiled.Name())
	}
	if said != "" {
		fault.Reason += fmt.Sprintf(", having said %q", said)
	}
	if goPlace != "" {
		fault.Reason += " in " + goPlace
	}
	return fault
}

// wazeroOverflow ends the error of a stack that outgrew wazero's bound. Ours lies
// below it; this one is for what is too strange for that.
const wazeroOverflow = "stack overflow"

// locate names the event, or effect, of a fault. An executor that has marked the end
// has done all its effects.
func (i *Instance) locate(fault *runtime.GuestError) {
	index, ok := i.budget.current()
	end := left(i.budget.event)
	switch {
	case ok:
		fault.Event = index
	case fault.Executor && end >= 0 && end == left(i.budget.events):
		fault.Event = int(end)
		fault.Reason = "behind the last effect: " + fault.Reason
	}
}

// words are how faults call what a module of a kind does one by one.
type words struct{ one, many, mark, limit string }

var wordsOf = [...]words{
	imports.Projection: {"an event", "events", imports.BeginEvent, "fuel_per_event"},
	imports.Executor:   {"an effect", "effects", imports.BeginEffect, "fuel_per_effect"},
}

// explain says of a trap whether a budget was used up.
func (i *Instance) explain(fault *runtime.GuestError) {
	w := wordsOf[i.module.kind]
	switch fuel, stack, disorder := i.budget.usedUp(); {
	case fuel:
		fault.Code = runtime.OutOfFuel
		fault.Reason = fmt.Sprintf("used up its fuel, %d units for %s", i.module.limits.FuelPerEvent, w.one)
		fault.Hint = "mend a loop that does not end, or raise " + w.limit
		if events := left(i.budget.events); left(i.budget.event) < 0 && events >= callEvents {
			fault.Reason = fmt.Sprintf("used up its fuel, %d units, without marking one of %d %s", i.module.limits.FuelPerEvent*callEvents, events, w.many)
			fault.Hint = fmt.Sprintf("call %s ahead of each, as the kits do: then each has a budget of its own", w.mark)
		}
	case stack, strings.HasSuffix(firstLine(fault.Err), wazeroOverflow):
		fault.Code = runtime.StackOverflow
		fault.Reason = fmt.Sprintf("nests calls deeper than its stack of %d slots", i.module.limits.StackSlots)
		fault.Hint = "mend a recursion that does not end, or raise stack_slots"
	case disorder:
		fault.Code = runtime.BadMark
		fault.Reason = fmt.Sprintf("called %s out of order, or more often than the batch has %s", w.mark, w.many)
	}
}

// firstLine is an error without its stack trace.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return strings.TrimPrefix(line, "wasm error: ")
}
