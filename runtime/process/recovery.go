package process

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/process/internal/child"
	"github.com/refold-dev/refold/sdk/process/wire"
)

const (
	// maxCrashes and maxHangs are how many processes a call may end before it is to
	// blame itself. One that hangs takes its whole timeout.
	maxCrashes = 3
	maxHangs   = 2
	// maxStarts is how often in a row a process is started again in vain.
	maxStarts = 5
	// firstPause and longestPause lie between two starts.
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
)

// insist makes a call, with further processes if one ends during it.
func (i *Instance) insist(ctx context.Context, call func(*child.Child) error) error {
	if err := i.ready(ctx); err != nil {
		return err
	}
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval = firstPause, longestPause
	for crashes, hangs, starts := 0, 0, 0; ; {
		err := i.bringUp(ctx)
		if err != nil {
			if starts++; starts == maxStarts || !passes(err) {
				return i.giveUp(err)
			}
		} else {
			starts = 0
			err = call(i.process)
			switch {
			case err == nil:
				return nil
			case !isLost(err):
				return i.die(err)
			case hasCode(err, runtime.Hung):
				hangs++
			default:
				crashes++
			}
			if crashes == maxCrashes || hangs == maxHangs {
				return i.die(repeatedly(err, crashes+hangs))
			}
			i.drop()
		}
		i.program.logger().WarnContext(ctx, "the plugin is started again", "error", err.Error())
		if err := pause(ctx, pauses.NextBackOff()); err != nil {
			return fmt.Errorf("plugin %s: waiting to start it again: %w", i.program.name, err)
		}
	}
}

// ready refuses calls into a dead instance and calls that nobody waits for.
func (i *Instance) ready(ctx context.Context) error {
	if i.dead != nil {
		fault := i.program.complain(runtime.Dead, "has failed before and was not replaced", "")
		fault.Err = i.dead
		return fault
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("calling plugin %s: %w", i.program.name, err)
	}
	return nil
}

// bringUp sees to it that a process runs, and is where the last one was.
func (i *Instance) bringUp(ctx context.Context) error {
	if i.process != nil && !hasEnded(i.process) {
		return nil
	}
	if i.process != nil {
		i.program.logger().WarnContext(ctx, "the plugin has ended while nobody called it", "fate", i.process.Fate())
		i.drop()
	}
	process, err := i.program.start(ctx)
	if err != nil {
		return err
	}
	if err := i.catchUp(process); err != nil {
		process.Kill()
		return err
	}
	i.process = process
	return nil
}

func hasEnded(process *child.Child) bool {
	select {
	case <-process.Exited():
		return true
	default:
		return false
	}
}

// catchUp brings a fresh process to where the last one was.
func (i *Instance) catchUp(process *child.Child) error {
	if err := i.program.sameDescription(process, i.program.described); err != nil {
		return err
	}
	if i.history.based {
		if err := i.restore(process, i.history.base); err != nil {
			return err
		}
	}
	for _, batch := range i.history.batches {
		if _, err := i.fold(process, batch); err != nil {
			return fmt.Errorf("folding again what was folded: %w", err)
		}
	}
	return nil
}

// drop ends the process; the next call starts another.
func (i *Instance) drop() {
	i.process.Kill()
	i.process = nil
}

// die ends the instance for what its plugin did.
func (i *Instance) die(err error) error {
	i.drop()
	if !errors.As(err, &i.dead) {
		i.dead = i.program.complain(runtime.Failed, err.Error(), "")
	}
	return err
}

// passes reports whether time may help a process that does not start.
func passes(err error) bool {
	return !hasCode(err, runtime.WrongDigest, runtime.BadManifest, runtime.WrongProtocol, runtime.SnapshotCorrupt) &&
		!errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// giveUp says that a process cannot be brought back.
func (i *Instance) giveUp(err error) error {
	if !passes(err) {
		return err
	}
	fault := i.program.complain(runtime.Down, fmt.Sprintf("cannot be started again, after %d attempts: %v", maxStarts, err), "")
	fault.Err = err
	return &effect.RetryError{After: longestPause, Err: fault}
}

// repeatedly says of a call that it has ended several processes.
func repeatedly(err error, times int) error {
	var fault *runtime.GuestError
	if errors.As(err, &fault) {
		fault.Reason += fmt.Sprintf(", and so did the %d before it, with the same batch", times-1)
	}
	return err
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// located asks a process that hangs which event it is at.
func (i *Instance) located(err error, process *child.Child, events int) error {
	var fault *runtime.GuestError
	if !errors.As(err, &fault) || fault.Code != runtime.Hung {
		return err
	}
	var reply *wire.ProgressReply
	asked := process.Call(time.Second, func(ctx context.Context) (err error) {
		reply, err = wire.NewProjectionClient(process.Conn()).Progress(ctx, &wire.ProgressRequest{})
		return err
	})
	if asked == nil && reply.Event != nil {
		fault.Event = eventIn(reply.GetEvent(), events)
	}
	return err
}

// trapped is what a projection says of its own failure.
func (x *executable) trapped(f *wire.Fault, events int) error {
	fault := x.complain(runtime.Trap, oneLine(f.GetReason()), "")
	if fault.Reason == "" {
		fault.Reason = "failed, and does not say why"
	}
	if f.Event != nil {
		fault.Event = eventIn(f.GetEvent(), events)
	}
	return fault
}

// eventIn is an event's index, if the batch has it.
func eventIn(index uint32, events int) int {
	if uint64(index) < uint64(events) {
		return int(index)
	}
	return runtime.NoEvent
}

// history is what a resident instance is brought back from: a state, if it has been
// saved or restored once, and the batches since.
type history struct {
	based   bool
	base    []byte
	batches [][]byte
	size    int // of the batches, in bytes
}

// maxHistory bounds the batches that are kept: when there are more, a snapshot is
// taken.
const maxHistory = 64 << 20

// remember keeps a batch that was folded.
func (i *Instance) remember(ctx context.Context, batch []byte) error {
	i.history.batches = append(i.history.batches, bytes.Clone(batch))
	if i.history.size += len(batch); i.history.size <= maxHistory {
		return nil
	}
	if _, err := i.Snapshot(ctx); err != nil {
		return fmt.Errorf("saving the state of plugin %s, so as not to fold too much again: %w", i.program.name, err)
	}
	return nil
}

// sealMagic begins a snapshot; the executable's digest follows.
const sealMagic = "RFP1"

// seal marks a state as one of this executable.
func (i *Instance) seal(state []byte) []byte {
	digest, _ := hex.DecodeString(i.program.digest) // made by EncodeToString
	sealed := make([]byte, 0, len(sealMagic)+len(digest)+len(state))
	return append(append(append(sealed, sealMagic...), digest...), state...)
}

func (i *Instance) unseal(taken []byte) ([]byte, error) {
	head := i.seal(nil)
	switch {
	case len(taken) < len(head) || string(taken[:len(sealMagic)]) != sealMagic:
		return nil, i.program.complain(runtime.SnapshotCorrupt, "the snapshot is damaged, or of something else", "fold the events again from the start")
	case !bytes.Equal(taken[:len(head)], head):
		return nil, i.program.complain(runtime.SnapshotMismatch, "the snapshot is of another executable", "fold the events again from the start")
	}
	return bytes.Clone(taken[len(head):]), nil
}
