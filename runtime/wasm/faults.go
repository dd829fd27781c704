package wasm

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero/sys"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/imports"
	"github.com/refold-dev/refold/sdk/frame"
)

// complain is a fault that the host found.
func (i *Instance) complain(code runtime.Code, reason string) *runtime.GuestError {
	return &runtime.GuestError{Code: code, Plugin: i.module.name, Event: runtime.NoEvent, Reason: reason}
}

// fault explains an error of a call into the guest.
func (i *Instance) fault(err error) *runtime.GuestError {
	i.guest.Log.Flush(i.guest)
	fault := i.complain(runtime.Trap, "trapped: "+firstLine(err))
	fault.Err, fault.Event = err, i.guest.Event
	var exit *sys.ExitError
	var pointer *imports.PointerError
	switch {
	case errors.As(err, &exit):
		fault.Code = runtime.Exit
		fault.Reason = fmt.Sprintf("exited with code %d", exit.ExitCode())
	case errors.As(err, &pointer):
		fault.Code = runtime.BadPointer
		fault.Reason = pointer.Error()
	}
	if said := i.guest.Log.FirstError(); said != "" {
		fault.Reason += fmt.Sprintf(", having said %q", said)
	}
	return fault
}

// blameEvent drops an event's index that the batch does not have: it is the
// guest's word.
func (i *Instance) blameEvent(err error, batch []byte) error {
	var fault *runtime.GuestError
	if !errors.As(err, &fault) || fault.Event < 0 {
		return err
	}
	opened, openErr := frame.OpenBatch(batch)
	if openErr != nil || fault.Event >= opened.EventCount() {
		fault.Event = runtime.NoEvent
	}
	return err
}

// firstLine is an error without its stack trace.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return strings.TrimPrefix(line, "wasm error: ")
}
