package engine

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
)

const (
	// maxNews bounds the changes of a pipeline that are kept for those who watch it, and
	// maxNewsItem those of one checkpoint, in bytes of keys and states.
	maxNews     = 16 << 20
	maxNewsItem = 1 << 20
	// maxNewsItems bounds their number.
	maxNewsItems = 4096
	// linger is how long changes are kept for one who watches no more, and may come back.
	linger = time.Minute
)

// Point is a state of a read model that readers may have seen: that of a generation at a
// checkpoint.
type Point struct {
	Generation uint64         `json:"generation"`
	Position   event.Position `json:"position"`
}

// news is what a checkpoint has changed.
type news struct {
	at      Point
	changes checkpoint.Change // of keys; nil for none
	size    int
	gap     string // why it is not known what has changed; empty if it is
}

// watch keeps the latest changes of a pipeline for those who watch it, however many they
// are and however slow. While nobody does a checkpoint costs it one atomic load.
type watch struct {
	active atomic.Bool

	mu       sync.Mutex
	serves   uint64 // the generation that readers see
	watchers int
	left     time.Time // when the last one did
	base     Point     // before the first of the news
	first    uint64    // counts the news that are not kept any more
	items    []news
	size     int
	told     chan struct{} // closed when there are more; nil while nobody waits
}

// committed takes what a generation has stored. The changes are the watch's from now on.
// The caller holds the generation's mu.
func (w *watch) committed(kept *checkpoint.Generation, changes checkpoint.Change) {
	if w == nil || !w.active.Load() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	at := Point{kept.Number(), kept.Mark().Position}
	switch {
	case at.Generation != w.serves: // nobody sees it yet
	case w.watchers == 0 && time.Since(w.left) > linger:
		w.rest()
	default:
		w.add(w.newsOf(at, changes))
	}
}

// newsOf is what a checkpoint has changed, as far as it is kept.
func (w *watch) newsOf(at Point, changes checkpoint.Change) news {
	n := news{at: at, changes: changes}
	for key, state := range changes {
		n.size += len(key) + len(state)
	}
	switch {
	case at.Position < w.last().Position:
		return news{at: at, gap: "the log is folded again from its beginning"}
	case n.size > maxNewsItem:
		return news{at: at, gap: "too much has changed at once"}
	}
	return n
}

// last is where the news end.
func (w *watch) last() Point { return w.pointBefore(len(w.items)) }

func (w *watch) add(n news) {
	w.items = append(w.items, n)
	w.size += n.size
	for w.size > maxNews || len(w.items) > maxNewsItems {
		w.base, w.size = w.items[0].at, w.size-w.items[0].size
		w.items[0] = news{} // its memory is free at once
		w.items, w.first = w.items[1:], w.first+1
	}
	if w.told != nil {
		close(w.told)
		w.told = nil
	}
}

// rest forgets everything, until somebody watches.
func (w *watch) rest() {
	w.active.Store(false)
	w.first += uint64(len(w.items))
	w.items, w.size = nil, 0
}

// serve is told which generation readers see from now on; nil is none.
func (w *watch) serve(next *generation) {
	if next == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.serves
	if w.serves = next.kept.Number(); w.serves != before && w.active.Load() {
		w.add(news{at: Point{w.serves, next.kept.Mark().Position}, gap: "another generation serves"})
	}
}

// enter is called by who begins to watch, while nothing is committed. now is what readers
// see; ok is false where they see another generation by now.
func (w *watch) enter(now Point) (ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Generation != w.serves {
		return false
	}
	if w.watchers++; !w.active.Load() {
		w.base = now
		w.active.Store(true)
	}
	return true
}

func (w *watch) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watchers--
	w.left = time.Now()
}

// behind counts the news up to a point that somebody has seen; ok is false where what has
// changed since is not known. That is also so behind another generation, and where a
// position comes again: it would be told as a gap.
func (w *watch) behind(seen Point) (number uint64, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := len(w.items); i >= 0; i-- {
		at := w.pointBefore(i)
		switch {
		case at.Generation != seen.Generation || at.Position < seen.Position && i == len(w.items):
			return w.end(), false
		case at.Position < seen.Position:
			return w.first + uint64(i), true
		case at == seen && (i == 0 || w.pointBefore(i-1) != seen): // what was parked may change something at the same position
			return w.first + uint64(i), true
		}
	}
	return w.end(), false
}

// pointBefore is where the news begin that are behind the first i of those that are kept.
func (w *watch) pointBefore(i int) Point {
	if i == 0 {
		return w.base
	}
	return w.items[i-1].at
}

// end counts all news that there have been.
func (w *watch) end() uint64 { return w.first + uint64(len(w.items)) }

// latest are the last news, of which there are some.
func (w *watch) latest() (n news, next uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return news{at: w.last()}, w.end()
}

// after returns the news behind the first so many, or, where there are none yet, what is
// closed once there are. Of those that are not kept any more it returns a gap.
func (w *watch) after(number uint64) (n news, next uint64, more <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case number < w.first:
		return news{at: w.last(), gap: "the reader was too slow"}, w.end(), nil
	case number < w.end():
		return w.items[number-w.first], number + 1, nil
	}
	if w.told == nil {
		w.told = make(chan struct{})
	}
	return n, number, w.told
}
