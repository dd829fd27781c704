package archive

import (
	"context"
	"errors"
	"slices"

	"github.com/refold-dev/refold/domain/event"
)

// ReadPage reads the events behind a position into a page, whose memory it uses
// again: those of some whole blocks, until they are limit events or about a MiB. Of
// blocks at the page's ends it keeps what is behind the position. Given types, it
// passes over blocks without an event of any of them, which it does not read. A
// page that ends where it began says that the archive holds nothing more.
func (a *Archive) ReadPage(p *event.Page, after event.Position, limit int, types ...string) error {
	s, err := a.snapshot()
	if err != nil {
		return err
	}
	defer s.release()
	return s.page(p, after, limit, types)
}

// ReadPage is that of the archive: what only the log has yet is not in it.
func (s *Store) ReadPage(ctx context.Context, p *event.Page, after event.Position, limit int, types ...string) error {
	snap, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	defer snap.release()
	return snap.page(p, after, limit, types)
}

func (s *snapshot) page(p *event.Page, after event.Position, limit int, types []string) error {
	p.Events, p.Through = p.Events[:0], after
	if p.Names == nil {
		p.Names = map[string]string{}
	}
	for segment := s.segmentOf(after + 1); segment < s.segments() && p.Through < s.head && len(p.Events) == 0; segment++ {
		if err := s.pageOf(segment, p, limit, types); err != nil {
			return err
		}
	}
	return nil
}

// pageOf reads a page from one segment, if that has one.
func (s *snapshot) pageOf(segment int, p *event.Page, limit int, types []string) error {
	after := p.Through
	return s.at(segment, func(v *view) error {
		p.Events, p.Through = p.Events[:0], after
		list, through, err := v.wanted(after, limit, types)
		if err != nil {
			return err
		}
		total := 0
		for _, b := range list {
			total += int(b.count)
		}
		p.Events = slices.Grow(p.Events, total)
		want := func(r record) bool { return r.position() > after }
		r := reading{reuse: true, buf: p.Bytes, visit: func(k block) {
			p.Events = k.events(p.Events, p.Names, want)
		}}
		err = v.read(list, &r)
		p.Bytes, p.Through = r.buf, through
		return err
	})
}

// wanted lists the blocks behind a position that have an event of one of the types,
// until they are limit events or a page, and says how far those and what is left
// out between them go.
func (v *view) wanted(after event.Position, limit int, types []string) (list []blockEntry, through event.Position, err error) {
	from, events, size := uint32(0), 0, 0
	if after >= v.first {
		from = uint32(after + 1 - v.first)
	}
	through = max(after, v.first-1)
	if from >= v.count {
		return nil, through, nil
	}
	var typeErr error
	err = v.index.blocks(from, func(b blockEntry) bool {
		if b.first >= v.count || events >= limit || size >= pageBytes {
			return false
		}
		has := len(types) == 0
		if !has {
			has, typeErr = v.hasType(b, types)
		}
		if typeErr != nil {
			return false
		}
		if has {
			list = append(list, b)
			events += int(b.count)
			size += int(b.length)
		}
		through = v.first + event.Position(b.end()) - 1
		return true
	})
	return list, through, errors.Join(err, typeErr)
}
