package process

import (
	"context"
	"fmt"

	"google.golang.org/grpc"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/process/internal/child"
	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/manifest"
	"github.com/refold-dev/refold/sdk/process/wire"
)

// Instance is a projection in a process of its own, which is replaced when it ends.
// It is not safe for concurrent use.
type Instance struct {
	program *Program
	process *child.Child // nil: to be started
	history history      // of a resident projection
	dead    *runtime.GuestError
}

// Instantiate starts a fresh instance, to be closed after use.
func (p *Program) Instantiate(ctx context.Context) (*Instance, error) {
	i := &Instance{program: p}
	if err := i.bringUp(ctx); err != nil {
		return nil, err
	}
	return i, nil
}

// Manifest is what the plugin says about itself.
func (i *Instance) Manifest() manifest.Manifest { return i.program.manifest }

// Digest identifies the executable.
func (i *Instance) Digest() string { return i.program.Digest() }

// Fold passes a batch frame to the plugin and returns its result frame, to be
// checked with frame.OpenResult. After an error that is a *runtime.GuestError the
// instance is dead; one with the code Down comes as an effect.RetryError, and leaves
// the instance to be tried again.
func (i *Instance) Fold(ctx context.Context, batch []byte) (result []byte, err error) {
	if len(batch) > frame.MaxSize {
		return nil, fmt.Errorf("folding: a batch of %d bytes is larger than %d", len(batch), frame.MaxSize)
	}
	err = i.insist(ctx, func(process *child.Child) (err error) {
		result, err = i.fold(process, batch)
		return err
	})
	if err != nil {
		return nil, err
	}
	if i.resident() {
		return result, i.remember(ctx, batch)
	}
	return result, nil
}

func (i *Instance) resident() bool { return i.program.manifest.State == manifest.Resident }

func (i *Instance) fold(process *child.Child, batch []byte) ([]byte, error) {
	client := wire.NewProjectionClient(process.Conn())
	var reply *wire.FoldReply
	err := process.Call(i.program.command.Timeout, func(ctx context.Context) (err error) {
		reply, err = client.Fold(ctx, &wire.FoldRequest{Batch: batch})
		return err
	})
	if err != nil {
		return nil, i.located(err, process, frame.EventCount(batch))
	}
	return i.program.resultOf(reply, frame.EventCount(batch))
}

// resultOf is the result frame of a reply, or what it says went wrong.
func (x *executable) resultOf(reply *wire.FoldReply, events int) ([]byte, error) {
	if fault := reply.GetFault(); fault != nil {
		return nil, x.trapped(fault, events)
	}
	if n := len(reply.GetResult()); n > frame.MaxSize {
		return nil, x.complain(runtime.OutputTooLarge, fmt.Sprintf("returned %d bytes; the limit is %d", n, frame.MaxSize), "")
	}
	return reply.GetResult(), nil
}

// Query passes a query to the plugin and returns its answer, which is empty if the
// plugin refuses it. A plugin that answers no queries is a *runtime.GuestError with
// the code NoQuery, and goes on; after any other the instance is dead.
func (i *Instance) Query(ctx context.Context, query []byte) (answer []byte, err error) {
	if len(query) > frame.MaxSize {
		return nil, fmt.Errorf("querying: a query of %d bytes is larger than %d", len(query), frame.MaxSize)
	}
	if !i.program.CanQuery() {
		return nil, i.program.complain(runtime.NoQuery, "answers no queries", "")
	}
	var reply *wire.QueryReply
	err = i.insist(ctx, func(process *child.Child) error {
		return process.Call(i.program.command.Timeout, func(ctx context.Context) (err error) {
			reply, err = wire.NewProjectionClient(process.Conn()).Query(ctx, &wire.QueryRequest{Query: query})
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	if reason := reply.GetRefusal(); reason != "" {
		i.program.logger().ErrorContext(ctx, "query: "+oneLine(reason))
		return nil, nil
	}
	return reply.GetAnswer(), nil
}

// Snapshot returns a resident instance's state, for Restore.
func (i *Instance) Snapshot(ctx context.Context) ([]byte, error) {
	if !i.program.described.GetSnapshots() {
		return nil, fmt.Errorf("plugin %s: it keeps no state that could be saved", i.program.name)
	}
	var reply *wire.SnapshotReply
	err := i.insist(ctx, func(process *child.Child) error {
		err := process.Call(i.program.command.Timeout, func(ctx context.Context) (err error) {
			reply, err = wire.NewProjectionClient(process.Conn()).Snapshot(ctx, &wire.SnapshotRequest{}, grpc.MaxCallRecvMsgSize(wire.MaxState))
			return err
		})
		if err == nil && reply.GetFault() != nil {
			return i.program.complain(runtime.Failed, "its state cannot be saved: "+oneLine(reply.GetFault().GetReason()), "")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	i.history = history{base: reply.GetState(), based: true}
	return i.seal(reply.GetState()), nil
}

// Restore puts the instance, fresh or used, into the state of a snapshot of the same
// executable. A snapshot of another one is a *runtime.GuestError, and changes
// nothing.
func (i *Instance) Restore(ctx context.Context, taken []byte) error {
	state, err := i.unseal(taken)
	if err != nil {
		return err
	}
	i.history = history{base: state, based: true}
	return i.insist(ctx, func(process *child.Child) error { return i.restore(process, state) })
}

func (i *Instance) restore(process *child.Child, state []byte) error {
	var reply *wire.RestoreReply
	err := process.Call(i.program.command.Timeout, func(ctx context.Context) (err error) {
		reply, err = wire.NewProjectionClient(process.Conn()).Restore(ctx, &wire.RestoreRequest{State: state})
		return err
	})
	if err == nil && reply.GetFault() != nil {
		return i.program.complain(runtime.SnapshotCorrupt, "does not take the state back: "+oneLine(reply.GetFault().GetReason()), "")
	}
	return err
}

// Close ends the instance's process. A second Close does nothing.
func (i *Instance) Close(context.Context) error {
	if i.process != nil {
		i.process.Stop()
		i.process = nil
	}
	if i.dead == nil {
		i.dead = i.program.complain(runtime.Dead, "is closed", "")
	}
	return nil
}
