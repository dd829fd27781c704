package archive

import (
	"cmp"
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// ReadID returns all events of the aggregates of an id, whatever their type, by
// position: of those in the archive, no others are read.
func (s *Store) ReadID(ctx context.Context, id uuid.UUID) ([]event.Recorded, error) {
	return s.readWhere(ctx, func(snap *snapshot) ([]event.Recorded, error) { return snap.byID(id) },
		func(r *event.Recorded) bool { return r.Aggregate.ID == id })
}

func (s *snapshot) byID(id uuid.UUID) (all []event.Recorded, err error) {
	for segment := range s.segments() {
		var found []event.Recorded
		err := s.at(segment, func(v *view) (err error) {
			found, err = v.byID(id)
			return err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func (v *view) byID(id uuid.UUID) (all []event.Recorded, err error) {
	for _, name := range v.index.typeNames() {
		found, _, err := v.aggregate(event.Aggregate{Type: name, ID: id}, 1)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	slices.SortFunc(all, func(a, b event.Recorded) int { return cmp.Compare(a.Position, b.Position) })
	return all, nil
}
