package child

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/refold-dev/refold/runtime"
)

// Call makes a call with the process, which has to answer within a time. The error
// is a *runtime.GuestError; after one with the code Crashed or Hung the process is
// to be killed.
func (c *Child) Call(timeout time.Duration, call func(context.Context) error) error {
	c.calls.Add(1)
	defer c.calls.Add(1)
	return c.bounded(timeout, call)
}

func (c *Child) bounded(timeout time.Duration, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	err := call(ctx)
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded) || isCutOff(ctx, err, timeout):
		return c.complain(runtime.Hung, fmt.Sprintf("did not answer within %s", timeout),
			"find out what it waits for, or raise its timeout")
	}
	return c.explain(status.Convert(err))
}

// isCutOff reports whether the process's own end of the connection gave a call up
// because of its deadline, which it may see pass a little earlier.
func isCutOff(ctx context.Context, err error, timeout time.Duration) bool {
	deadline, _ := ctx.Deadline()
	return status.Code(err) == codes.DeadlineExceeded && time.Until(deadline) < timeout/10
}

// explain says what an error of gRPC means.
func (c *Child) explain(said *status.Status) error {
	text := cut(said.Message(), maxLogged)
	switch {
	case said.Code() == codes.Unavailable || said.Code() == codes.Canceled: // nobody here cancels
		if c.hasExited() {
			return c.complain(runtime.Crashed, "ended during a call: "+c.Fate(), "")
		}
		return c.complain(runtime.Crashed, "broke its connection: "+text, "")
	case said.Code() == codes.ResourceExhausted && strings.Contains(text, "larger than max"):
		return c.complain(runtime.OutputTooLarge, "answered with too much: "+text, "")
	case said.Code() == codes.Unimplemented:
		hint := ""
		if strings.Contains(text, "unknown service") {
			hint = "name a projection under projection:, an executor under executors:"
		}
		return c.complain(runtime.WrongProtocol, "does not serve this call: "+text, hint)
	}
	return c.complain(runtime.Failed, fmt.Sprintf("answered with an error: %s: %s", said.Code(), text), "")
}

// settle is how long after its connection a process may come to its end.
const settle = time.Second

func (c *Child) hasExited() bool {
	select {
	case <-c.runner.exited:
		return true
	case <-time.After(settle):
		return false
	}
}
