package archive

import (
	"errors"
	"fmt"
	"slices"

	"github.com/refold-dev/refold/eventstore/archive/internal/vfs"
)

// warmSegments is how many of the segments sealed last stay as they are written:
// those are read most.
const warmSegments = 1

// errHealed is why a segment is not compressed after all.
var errHealed = errors.New("the segment has been dropped meanwhile")

// chill compresses sealed segments, one after the other, until the archive is
// closed. What goes wrong leaves a segment as it is, until the next opening.
func (a *Archive) chill() {
	defer close(a.chilled)
	failed := map[string]bool{}
	for {
		select {
		case <-a.closing:
			return
		case <-a.sealing:
		}
		for s := a.warm(failed); s != nil; s = a.warm(failed) {
			if err := a.compress(s); err != nil {
				failed[s.name()] = true
				if !errors.Is(err, errHealed) {
					a.opts.Logger.Warn("an archive segment stays uncompressed", "segment", s.name(), "reason", err)
				}
			}
			select {
			case <-a.closing:
				return
			default:
			}
		}
	}
}

// warm is a segment that is to be compressed; nil for none.
func (a *Archive) warm(failed map[string]bool) *sealed {
	a.mu.RLock()
	all := a.sealed
	a.mu.RUnlock()
	for _, s := range all[:max(0, len(all)-warmSegments)] {
		if failed[s.name()] {
			continue
		}
		cold, err := a.fs.IsCold(s.name())
		if err != nil {
			failed[s.name()] = true
			continue
		}
		if !cold {
			return s
		}
	}
	return nil
}

// compress puts a compressed segment in a plain one's place, if the archive still has
// that then. The plain one's readers go on with it.
func (a *Archive) compress(s *sealed) error {
	return a.fs.Chill(s.name(), func(done func() error) error {
		a.writing.Lock() // not while Heal is at work
		defer a.writing.Unlock()
		a.mu.RLock()
		there := slices.Contains(a.sealed, s)
		a.mu.RUnlock()
		if !there {
			return errHealed
		}
		if err := a.same(s); err != nil {
			return err
		}
		a.files.forget(s)
		return done()
	})
}

// same makes sure that the plain file is still the segment that it was.
func (a *Archive) same(s *sealed) error {
	size, err := fileSize(a.fs, s.name())
	if err == nil && size != s.size {
		err = fmt.Errorf("the file has %d bytes instead of %d", size, s.size)
	}
	return err
}

// sealedOne tells chill that there may be something for it.
func (a *Archive) sealedOne() {
	select {
	case a.sealing <- struct{}{}:
	default:
	}
}

// startChilling compresses from now on what the options say.
func (a *Archive) startChilling() {
	if !a.opts.Compress || a.opts.ReadOnly {
		close(a.chilled)
		return
	}
	a.sealedOne()
	go a.chill()
}

var _ vfs.FS = vfs.Cold{}
