package wasm

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/tetratelabs/wazero/sys"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/imports"
)

// complain is a fault that the host found.
func (i *Instance) complain(code runtime.Code, reason string) *runtime.GuestError {
	return &runtime.GuestError{Code: code, Plugin: i.module.name, Event: runtime.NoEvent, Reason: reason}
}

// fault explains an error of a call into the guest.
func (i *Instance) fault(err error) *runtime.GuestError {
	i.guest.Log.Flush(i.guest)
	fault := i.complain(runtime.Trap, "trapped: "+firstLine(err))
	said, goPlace := i.guest.Log.Complaint(), i.guest.Log.Place()
	if goPlace == "" { // or the trap is deep in Go's own runtime
		fault.Reason += place(err)
	}
	fault.Err = err
	var exit *sys.ExitError
	var pointer *imports.PointerError
	switch {
	case errors.As(err, &exit):
		fault.Code = runtime.Exit
		fault.Reason = fmt.Sprintf("exited with code %d", exit.ExitCode())
	case errors.As(err, &pointer):
		fault.Code = runtime.BadPointer
		fault.Reason = pointer.Error()
	case i.wasm != nil:
		i.explain(fault)
	}
	if i.wasm != nil {
		if index, ok := i.budget.current(); ok {
			fault.Event = index
		}
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

// explain says of a trap whether a budget was used up.
func (i *Instance) explain(fault *runtime.GuestError) {
	switch fuel, stack, disorder := i.budget.usedUp(); {
	case fuel:
		fault.Code = runtime.OutOfFuel
		fault.Reason = fmt.Sprintf("used up its fuel, %d units for an event", i.module.limits.FuelPerEvent)
		fault.Hint = "mend a loop that does not end, or raise fuel_per_event"
		if events := left(i.budget.events); left(i.budget.event) < 0 && events >= callEvents {
			fault.Reason = fmt.Sprintf("used up its fuel, %d units, without marking one of %d events", i.module.limits.FuelPerEvent*callEvents, events)
			fault.Hint = "call begin_event ahead of each event, as the kits do: then each has a budget of its own"
		}
	case stack, strings.HasSuffix(firstLine(fault.Err), wazeroOverflow):
		fault.Code = runtime.StackOverflow
		fault.Reason = fmt.Sprintf("nests calls deeper than its stack of %d slots", i.module.limits.StackSlots)
		fault.Hint = "mend a recursion that does not end, or raise stack_slots"
	case disorder:
		fault.Code = runtime.BadMark
		fault.Reason = "called begin_event out of order, or more often than the batch has events"
	}
}

// traceFrame is a line of wazero's stack trace: a name and a signature.
var traceFrame = regexp.MustCompile(`^\.?(.+?)\((?:[ifv]\d+|externref|funcref|,)*\)(?: .*)?$`)

// placeFrames is how many functions a trap's place names.
const placeFrames = 4

// place says in which functions a trap is, the innermost first, as far as the
// module names them.
func place(err error) string {
	_, trace, _ := strings.Cut(err.Error(), "\nwasm stack trace:\n")
	var names []string
	for line := range strings.Lines(trace) {
		frame := traceFrame.FindStringSubmatch(strings.TrimSpace(line))
		if frame == nil || strings.HasPrefix(frame[1], "$") || len(names) == placeFrames { // $7 is the function without a name
			break
		}
		names = append(names, frame[1])
	}
	if len(names) == 0 {
		return ""
	}
	return " in " + strings.Join(names, ", called by ")
}

// firstLine is an error without its stack trace.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return strings.TrimPrefix(line, "wasm error: ")
}
