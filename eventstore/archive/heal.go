package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/refold-dev/refold/domain/event"
)

// Heal is Verify, and drops what follows the first damage, so that it can be
// fetched from the log again; damaged indexes are rebuilt. It returns what it
// found in a segment, nil if all is well. Reads that are under way may meet the
// damage, or the end of a file, as a *DamageError.
func (a *Archive) Heal(ctx context.Context) (*DamageError, error) {
	a.writing.Lock()
	defer a.writing.Unlock()
	_, err := a.verify(ctx, func(s *sealed, damage *DamageError) error { return a.files.rebuild(s, damage) })
	var damage *DamageError
	if !errors.As(err, &damage) {
		return nil, err
	}
	err = a.cutAt(damage)
	close(a.healed)
	a.healed = make(chan struct{})
	if err != nil {
		return damage, fmt.Errorf("healing the archive: %w", err)
	}
	return damage, nil
}

// cutAt drops everything from a damaged place on.
func (a *Archive) cutAt(damage *DamageError) error {
	first, ok := parseName(damage.File, segmentSuffix)
	if !ok {
		return damage
	}
	whole := damage.Offset <= segmentHeaderSize || damage.First <= first
	from := first + 1
	if whole {
		from = first
	}
	a.retreat(first)
	if err := a.dropFrom(from, damage); err != nil || whole {
		return err
	}
	return a.reopen(first, damage.Offset)
}

// retreat forgets all segments from a position on.
func (a *Archive) retreat(first event.Position) {
	a.files.drop(first)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.active != nil {
		a.active.release()
		a.active = nil
	}
	keep := slices.IndexFunc(a.sealed, func(s *sealed) bool { return s.first >= first })
	if keep >= 0 {
		a.sealed = slices.Clone(a.sealed[:keep])
	}
	a.head = first - 1
	a.broken = nil
}

// reopen cuts a segment, which is the last one now, and makes it the active
// one.
func (a *Archive) reopen(first event.Position, size int64) error {
	name := segmentName(first)
	old, err := fileSize(a.fs, name)
	if err != nil {
		return err
	}
	if err := a.fs.Truncate(name, size); err != nil {
		return err
	}
	file, err := a.fs.Append(name)
	if err != nil {
		return err
	}
	found := scanSegment(file, size)
	if found.flaw != nil {
		return errors.Join(newDamage(name, found.end, first, found.flaw), file.Close())
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cut += max(old-size, 0)
	a.adopt(file, found)
	return nil
}
