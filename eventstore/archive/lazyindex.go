package archive

import "github.com/google/uuid"

// correlates finds a correlation's ordinals, of those of a memIndex that it has
// taken in.
type correlates struct {
	hashed
	lists  []postings // by a correlation's number
	before []uint32   // by ordinal
}

// find takes in the ordinals that are new and returns where a correlation
// stands.
func (c *correlates) find(ids []uuid.UUID, id uuid.UUID) (postings, bool) {
	for i := len(c.before); i < len(ids); i++ {
		key := newAggregateKey(ids[i], 0)
		n, known := c.add(&key)
		if !known {
			c.lists = append(c.lists, postings{list: ofCorrelation, place: uint32(i)})
		}
		p := &c.lists[n]
		c.before = append(c.before, p.place)
		p.place, p.count = uint32(i), p.count+1
	}
	key := newAggregateKey(id, 0)
	n, ok := c.hashed.find(&key)
	if !ok {
		return postings{}, false
	}
	return c.lists[n], true
}

// places finds an event's ordinal, of those of a memIndex that it has taken in.
type places struct {
	hashed
	ordinals []uint32 // by an id's number
	through  int      // ordinals taken in
}

// find takes in the ordinals that are new and returns an event's.
func (p *places) find(ids []uuid.UUID, id uuid.UUID) (uint32, bool) {
	for ; p.through < len(ids); p.through++ {
		key := newAggregateKey(ids[p.through], 0)
		n, known := p.add(&key)
		if !known {
			p.ordinals = append(p.ordinals, 0)
		}
		p.ordinals[n] = uint32(p.through)
	}
	key := newAggregateKey(id, 0)
	n, ok := p.hashed.find(&key)
	if !ok {
		return 0, false
	}
	return p.ordinals[n], true
}
