package engine

import (
	"sync/atomic"
	"time"

	"github.com/refold-dev/refold/domain/event"
)

// CheckpointStatus is how much of a read model the pipeline's own state includes, as it
// was stored last: after a crash, what lies behind is folded again.
type CheckpointStatus struct {
	Position event.Position `json:"position"`
	// At is when that was; zero if this process has not stored it.
	At time.Time `json:"at,omitzero"`
	// Since is from when on the read model includes more; zero if it does not.
	Since time.Time `json:"since,omitzero"`
}

// storedLag is a generation's CheckpointStatus. The folding goroutine writes, any may
// read; nil of one that is not folded.
type storedLag struct {
	now atomic.Pointer[CheckpointStatus]
}

// begin goes to a position that is stored.
func (l *storedLag) begin(at event.Position) {
	next := CheckpointStatus{Position: at}
	if before := l.now.Load(); before != nil && before.Position == at {
		next.At = before.At
	}
	l.now.Store(&next)
}

// moved notes that the read model includes the events up to a position.
func (l *storedLag) moved(to event.Position, now func() time.Time) {
	if before := l.now.Load(); before != nil && before.Since.IsZero() && to > before.Position {
		next := *before
		next.Since = now()
		l.now.Store(&next)
	}
}

// stored notes that the state is stored at a position, and the read model at another one.
func (l *storedLag) stored(at, position event.Position, now time.Time) {
	next := CheckpointStatus{Position: at, At: now}
	if position > at {
		next.Since = now
	}
	l.now.Store(&next)
}

// status is a copy for an operator; the zero value of one that is not folded.
func (l *storedLag) status() CheckpointStatus {
	if now := l.now.Load(); now != nil {
		return *now
	}
	return CheckpointStatus{}
}
