package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/process/internal/child"
	"github.com/refold-dev/refold/sdk/process/wire"
)

// ErrClosed is a call of an executor that has been closed.
var ErrClosed = errors.New("the executor is closed")

// Opening is what an executor is opened for.
type Opening struct {
	Pipeline   string
	Generation uint64
	// Config is what the plugin is given, as JSON; nil for nothing.
	Config json.RawMessage
}

// Executor performs effects in a process, which is replaced when it ends. It is for
// one goroutine.
type Executor struct {
	*executable
	opening Opening
	process *child.Child // nil: to be started
	// handles and transactional are what the plugin said at its first start; they
	// may be asked for while a call is under way.
	handles       map[effect.Kind]bool
	transactional bool
	// position and active are what it has said last.
	position event.Position
	active   bool
	// tried is through which position the last batch was, whatever became of it.
	tried  event.Position
	closed bool
}

// OpenExecutor starts an executor's executable and opens it.
func (h *Host) OpenExecutor(ctx context.Context, c Command, o Opening) (*Executor, error) {
	exe, err := h.read(c)
	if err != nil {
		return nil, err
	}
	x := &Executor{executable: exe, opening: o}
	if err := x.start(ctx); err != nil {
		return nil, err
	}
	x.warnUnpinned(ctx)
	return x, nil
}

// CheckExecutable reads an executable, as it is read when a plugin is started, and
// starts nothing.
func (h *Host) CheckExecutable(c Command) error {
	_, err := h.read(c)
	return err
}

// StartExecutor starts an executor's executable and ends it again: it shakes hands, and is
// well. It is not opened, which may leave traces.
func (h *Host) StartExecutor(ctx context.Context, c Command) error {
	exe, err := h.read(c)
	if err != nil {
		return err
	}
	process, err := exe.start(ctx)
	if err != nil {
		return err
	}
	process.Stop()
	return nil
}

// start starts a process and opens it.
func (x *Executor) start(ctx context.Context) error {
	process, err := x.executable.start(ctx)
	if err != nil {
		return err
	}
	if err := x.open(ctx, process); err != nil {
		process.Stop()
		return err
	}
	x.process = process
	return nil
}

func (x *Executor) open(ctx context.Context, process *child.Child) error {
	var reply *wire.OpenReply
	request := &wire.OpenRequest{Pipeline: x.opening.Pipeline, Generation: x.opening.Generation, Config: x.opening.Config}
	err := x.call(ctx, process, func(ctx context.Context, client wire.ExecutorClient) (err error) {
		reply, err = client.Open(ctx, request)
		return err
	})
	if err != nil {
		return err
	}
	if reply.GetFailure() != nil {
		return fmt.Errorf("opening it: %w", x.failed(ctx, reply.GetFailure(), nil))
	}
	return x.takeOver(reply)
}

// takeOver takes over what a process says at its start. One that replaces another
// has to be where that one was.
func (x *Executor) takeOver(reply *wire.OpenReply) error {
	handles := map[effect.Kind]bool{}
	for _, kind := range reply.GetHandles() {
		handles[effect.Kind(kind)] = true
	}
	at := event.Position(reply.GetPosition())
	if x.handles == nil {
		x.handles, x.transactional = handles, reply.GetTransactional()
	} else if err := x.sameAsBefore(handles, reply.GetTransactional(), at); err != nil {
		return err
	}
	x.position, x.active = at, reply.GetActive()
	return nil
}

// sameAsBefore holds a process that replaces another to what that one had
// committed: what it knew, or the batch during which it ended.
func (x *Executor) sameAsBefore(handles map[effect.Kind]bool, transactional bool, at event.Position) error {
	switch {
	case transactional != x.transactional || !maps.Equal(handles, x.handles):
		return x.complain(runtime.BadReply, "promises something else than at its first start", "")
	case !x.transactional || at == x.position || at == x.tried:
		return nil
	case at > x.position:
		return &FencedError{x.name, fmt.Sprintf("another executor has written up to position %d meanwhile", at)}
	}
	return x.complain(runtime.BadReply, fmt.Sprintf("has lost what it had committed: it is at position %d, and was at %d", at, x.position), "")
}

// ready sees to it that there is an open process.
func (x *Executor) ready(ctx context.Context) error {
	if x.closed {
		return ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("calling plugin %s: %w", x.name, err)
	}
	if x.process != nil && !hasEnded(x.process) {
		return nil
	}
	if x.process != nil {
		x.logger().WarnContext(ctx, "the plugin has ended; it is started again", "fate", x.process.Fate())
		x.drop()
	}
	err := x.start(ctx)
	if isLost(err) || hasCode(err, runtime.BadHandshake) {
		return &effect.RetryError{Err: err}
	}
	return err
}

func (x *Executor) drop() {
	x.process.Kill()
	x.process = nil
}

// call makes a call that ctx may interrupt. What the process has done by then, the
// reply says; so the call itself is not cut off.
func (x *Executor) call(ctx context.Context, process *child.Child, call func(context.Context, wire.ExecutorClient) error) error {
	client := wire.NewExecutorClient(process.Conn())
	interrupted := make(chan struct{})
	release := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_, _ = client.Interrupt(within, &wire.InterruptRequest{}) // a plugin may not serve it
	})
	err := process.Call(x.command.Timeout, func(ctx context.Context) error { return call(ctx, client) })
	if !release() {
		<-interrupted // else it might meet the next call
	}
	return err
}

// ask makes a call with the open process. If the process ends during it, the caller
// may try again.
func (x *Executor) ask(ctx context.Context, call func(context.Context, wire.ExecutorClient) error) error {
	if err := x.ready(ctx); err != nil {
		return err
	}
	err := x.call(ctx, x.process, call)
	if isLost(err) {
		x.drop()
		return &effect.RetryError{Err: err}
	}
	return err
}

// Handles reports whether the plugin performs effects of kind k.
func (x *Executor) Handles(k effect.Kind) bool { return x.handles[k] }

// Position is the position through which effects are committed; ok is whether the
// plugin is transactional.
func (x *Executor) Position() (p event.Position, ok bool) { return x.position, x.transactional }

// Active reports whether readers see this generation.
func (x *Executor) Active() bool { return x.active }

// Execute has the plugin perform the batch's effects. Errors are an
// effect.RetryError, also where the process has ended, an effect.PoisonError, an
// effect.PartialError, a [*FencedError], [ErrClosed], that of ctx, or a
// *runtime.GuestError.
func (x *Executor) Execute(ctx context.Context, b effect.Batch) error {
	if b.Pipeline != x.opening.Pipeline || b.Generation != x.opening.Generation {
		return fmt.Errorf("plugin %s: the batch is of pipeline %s, generation %d, the executor of pipeline %s, generation %d",
			x.name, b.Pipeline, b.Generation, x.opening.Pipeline, x.opening.Generation)
	}
	request, err := x.requestOf(b)
	if err != nil {
		return err
	}
	if err := x.ready(ctx); err != nil {
		return err
	}
	if !b.Late {
		x.tried = b.Through
	}
	var reply *wire.ExecuteReply
	err = x.ask(ctx, func(ctx context.Context, client wire.ExecutorClient) (err error) {
		reply, err = client.Execute(ctx, request)
		return err
	})
	if err != nil {
		return err
	}
	return x.settle(ctx, reply, b)
}

// settle takes over what a process says it has made of a batch.
func (x *Executor) settle(ctx context.Context, reply *wire.ExecuteReply, b effect.Batch) error {
	if err := x.advance(reply, b); err != nil {
		return err
	}
	if reply.GetFailure() != nil {
		return x.failed(ctx, reply.GetFailure(), b.Effects)
	}
	return nil
}

// advance takes over the position that the plugin says it is at.
func (x *Executor) advance(reply *wire.ExecuteReply, b effect.Batch) error {
	if !x.transactional {
		return nil
	}
	at, want := event.Position(reply.GetPosition()), x.position
	if reply.GetFailure() == nil && !b.Late {
		want = max(want, b.Through)
	}
	if at != want {
		return x.complain(runtime.BadReply, fmt.Sprintf("says that it is at position %d; it can only be at %d", at, want), "")
	}
	x.position = at
	return nil
}

// CanAnswer reports whether the plugin answers Query effects: one that handles them
// does.
func (x *Executor) CanAnswer() bool { return x.Handles(effect.Query) }

// Query has the plugin perform the read that a Query effect asks for. Its errors are
// those of Execute.
func (x *Executor) Query(ctx context.Context, q effect.Effect) (json.RawMessage, error) {
	sent, err := effectOf(x.opening, &q)
	if err != nil {
		return nil, err
	}
	var reply *wire.ReadReply
	err = x.ask(ctx, func(ctx context.Context, client wire.ExecutorClient) (err error) {
		reply, err = client.Query(ctx, &wire.ReadRequest{Effect: sent})
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case reply.GetFailure() != nil:
		return nil, x.failed(ctx, reply.GetFailure(), []effect.Effect{q})
	case !json.Valid(reply.GetAnswer()):
		return nil, x.complain(runtime.BadReply, "answers a query with what is no JSON", "")
	}
	return reply.GetAnswer(), nil
}

// Activate makes this generation the one that readers see.
func (x *Executor) Activate(ctx context.Context) error {
	var reply *wire.ActivateReply
	err := x.ask(ctx, func(ctx context.Context, client wire.ExecutorClient) (err error) {
		reply, err = client.Activate(ctx, &wire.ActivateRequest{})
		return err
	})
	if err == nil && reply.GetFailure() != nil {
		err = x.failed(ctx, reply.GetFailure(), nil)
	}
	if err == nil {
		x.active = true
	}
	return err
}

// Discard removes all traces of this generation, which is not active, and closes the
// executor.
func (x *Executor) Discard(ctx context.Context) error {
	var reply *wire.DiscardReply
	err := x.ask(ctx, func(ctx context.Context, client wire.ExecutorClient) (err error) {
		reply, err = client.Discard(ctx, &wire.DiscardRequest{})
		return err
	})
	if err == nil && reply.GetFailure() != nil {
		err = x.failed(ctx, reply.GetFailure(), nil)
	}
	if err == nil {
		x.closed = true
		x.process.Stop()
		x.process = nil
	}
	return err
}

// Close closes the executor and ends its process. Closing twice is fine.
func (x *Executor) Close() error {
	if x.closed || x.process == nil {
		x.closed = true
		return nil
	}
	x.closed = true
	defer x.process.Stop()
	if hasEnded(x.process) {
		return nil
	}
	var reply *wire.CloseReply
	err := x.call(context.Background(), x.process, func(ctx context.Context, client wire.ExecutorClient) (err error) {
		reply, err = client.Close(ctx, &wire.CloseRequest{})
		return err
	})
	if err == nil && reply.GetFailure() != nil {
		err = x.failed(context.Background(), reply.GetFailure(), nil)
	}
	return err
}
