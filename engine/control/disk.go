package control

import (
	"sync"
	"time"
)

// Disk is what a data directory takes and what is left, in bytes.
type Disk struct {
	Parts map[string]uint64 // by part, such as "archive"
	Free  *uint64           // nil where it is not known
}

const (
	// diskAge is how old may be what a scrape tells of the disk. A look that takes long is
	// taken less often: never more than a part in diskShare of the time.
	diskAge   = 30 * time.Second
	diskShare = 20
	// diskPatience is how long a scrape waits for a look. It is told by the next.
	diskPatience = time.Second
)

// diskWatch looks at a data directory beside the scrapes that tell of it: how long a look
// takes depends on how many files there are.
type diskWatch struct {
	look func() (Disk, error)

	mu      sync.Mutex
	known   Disk
	ok      bool          // whether the last look has succeeded
	due     time.Time     // before which nobody looks again
	looking chan struct{} // closed at the end of the look that is under way; nil if none is
}

// latest is what the last look has seen. It is false where there was none, or it failed.
func (w *diskWatch) latest() (Disk, bool) {
	if looking := w.begin(); looking != nil {
		patience := time.NewTimer(diskPatience)
		defer patience.Stop()
		select {
		case <-looking:
		case <-patience.C:
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.known, w.ok
}

// begin has somebody look, if it is time for that and nobody does.
func (w *diskWatch) begin() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.looking == nil && !time.Now().Before(w.due) {
		w.looking = make(chan struct{})
		go w.see(w.looking)
	}
	return w.looking
}

func (w *diskWatch) see(done chan struct{}) {
	began := time.Now()
	d, err := w.look()
	took := time.Since(began)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.known, w.ok = d, err == nil
	w.due = time.Now().Add(max(diskAge, diskShare*took))
	w.looking = nil
	close(done)
}
