package checkpoint

import (
	"bytes"
	"encoding/binary"
	"encoding/json"

	"go.etcd.io/bbolt"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/internal/root"
)

var bucketRoots = []byte("roots")

// Of more than maxRoots roots every second one goes, but for the newRoots last: the
// older a stretch of the log, the further apart its roots are.
const (
	maxRoots = 256
	newRoots = 64
)

// Departure is why a generation is not what a fold of the log alone comes to.
type Departure struct {
	// Position is where it had come to when that began: its roots before are those
	// of the log.
	Position event.Position `json:"position"`
	Reason   string         `json:"reason"`
}

// proof is what of the contents roots are made of, and how many are kept.
type proof struct {
	States root.Set `json:"states"`
	Aside  root.Set `json:"aside"`
	Last   Root     `json:"last"`
	Roots  tally    `json:"roots"`
	// Departed is the first one that there has been.
	Departed *Departure `json:"departed,omitempty"`
}

// depart notes the first departure.
func (p *proof) depart(at event.Position, reason string) {
	if p.Departed == nil {
		p.Departed = &Departure{at, reason}
	}
}

// Root is a root as it is kept, with its link.
type Root struct {
	root.Root
	Link root.Digest `json:"link"`
}

// Root is that of what was committed last; zero if nothing was.
func (g *Generation) Root() root.Root { return g.kept.Proof.Last.Root }

// Roots are those that are kept, in the order of their positions.
func (g *Generation) Roots() (list []Root, err error) {
	err = g.view(func(b *bbolt.Bucket) error {
		list, err = g.readRoots(b.Bucket(bucketRoots))
		return err
	})
	return list, err
}

func (g *Generation) readRoots(b *bbolt.Bucket) (list []Root, err error) {
	if b == nil {
		return nil, nil
	}
	err = b.ForEach(func(k, v []byte) error {
		text, err := g.state(k, v)
		if err != nil {
			return err
		}
		var r Root
		if err := json.Unmarshal(text, &r); err != nil {
			return g.store.damaged("the root %x of generation %d: %v", k, g.number, err)
		}
		list = append(list, r)
		return nil
	})
	return list, err
}

// Departed is why the generation is not what a fold of the log alone comes to; nil
// if it is.
func (g *Generation) Departed() *Departure { return g.kept.Proof.Departed }

// putRoot adds the root of what is about to be committed, in the place of one at its
// position.
func (g *Generation) putRoot(b *bbolt.Bucket, next *contents) error {
	if next.Proof.Roots.Keys == 0 { // there may be those of another declaration
		if err := dropBuckets(b, bucketRoots); err != nil {
			return err
		}
	}
	kept, err := b.CreateBucketIfNotExists(bucketRoots)
	if err != nil {
		return err
	}
	p := next.Proof
	r := Root{Root: root.Root{Position: next.Position, Effects: next.Effects.Sum(), States: p.States, Aside: p.Aside, Answer: next.Answer}}
	r.Seal(next.Identity)
	before, err := g.rootBefore(kept, next.Position)
	if err != nil {
		return err
	}
	r.Link = root.Chain(before, r.Sum)
	p.Last = r
	if err := putJSON(kept, &p.Roots, rootKey(r.Position), &r); err != nil || p.Roots.Keys <= maxRoots {
		return err
	}
	return g.thin(kept, p)
}

// rootBefore is the link of the last root before a position.
func (g *Generation) rootBefore(b *bbolt.Bucket, at event.Position) (link root.Digest, err error) {
	c := b.Cursor()
	k, _ := c.Seek(rootKey(at))
	if k == nil {
		k, _ = c.Last()
	} else {
		k, _ = c.Prev()
	}
	if k == nil {
		return link, nil
	}
	r, err := readJSON[Root](g, b, k)
	if err != nil {
		return link, err
	}
	return r.Link, nil
}

// thin leaves out every second one of the older roots, and links the others anew.
func (g *Generation) thin(b *bbolt.Bucket, p *proof) error {
	list, err := g.readRoots(b)
	if err != nil {
		return err
	}
	var link root.Digest
	for i := range list {
		r := &list[i]
		if i%2 == 1 && i < len(list)-newRoots {
			if err := putState(b, &p.Roots, rootKey(r.Position), nil); err != nil {
				return err
			}
			continue
		}
		link = root.Chain(link, r.Sum)
		r.Link = link
		if err := putJSON(b, &p.Roots, rootKey(r.Position), r); err != nil {
			return err
		}
	}
	p.Last.Link = link
	return nil
}

func rootKey(at event.Position) []byte {
	return binary.BigEndian.AppendUint64([]byte{'r'}, uint64(at))
}

// checkRoot holds what there is against the last root.
func (g *Generation) checkRoot(b *bbolt.Bucket) error {
	last := g.kept.Proof.Last.Root
	if last == (root.Root{}) {
		return nil // nothing has been committed, or by a version without roots
	}
	now := root.Root{Position: g.kept.Position, Effects: g.kept.Effects.Sum(), Answer: g.kept.Answer}
	var err error
	if now.States, now.Aside, err = g.digest(b); err != nil {
		return err
	}
	if now.Seal(g.kept.Identity); now != last {
		return g.store.damaged("generation %d has the root %s at position %d, and not %s, which was written with it", g.number, now.Sum, now.Position, last.Sum)
	}
	return nil
}

// checkRoots holds the roots against each other and against what they are of.
func (g *Generation) checkRoots(b *bbolt.Bucket) error {
	p := g.kept.Proof
	if p.Roots.Keys == 0 {
		return nil
	}
	if err := g.checkRoot(b); err != nil {
		return err
	}
	list, err := g.readRoots(b.Bucket(bucketRoots))
	if err != nil {
		return err
	}
	var link root.Digest
	for _, r := range list {
		is := r.Root
		is.Seal(g.kept.Identity)
		if link = root.Chain(link, is.Sum); is != r.Root || link != r.Link {
			return g.store.damaged("the root of generation %d at position %d is not the one that was written behind those before it", g.number, r.Position)
		}
	}
	if last := list[len(list)-1]; last != p.Last {
		return g.store.damaged("the last root of generation %d is at position %d, and not at %d", g.number, last.Position, p.Last.Position)
	}
	return nil
}

// adopt makes what roots are made of for a generation that a version of the program
// has kept which knew none.
func (g *Generation) adopt(b *bbolt.Bucket) error {
	g.kept.Proof = &proof{}
	if g.kept.Position == 0 {
		return nil
	}
	g.kept.Proof.Departed = &Departure{g.kept.Position, "a version of the program has folded up to there that kept no roots"}
	var err error
	g.kept.Proof.States, g.kept.Proof.Aside, err = g.digest(b)
	return err
}

// digest digests the states, and what is aside.
func (g *Generation) digest(b *bbolt.Bucket) (states, aside root.Set, err error) {
	keys, err := g.keys(b)
	if err != nil {
		return states, aside, err
	}
	var scratch []byte
	err = keys.ForEach(func(k, v []byte) error {
		state, err := g.state(k, v)
		scratch = states.Add(scratch, k, state)
		return err
	})
	for _, name := range [][]byte{bucketWaiting, bucketLetters} {
		if in := b.Bucket(name); in != nil && err == nil {
			err = in.ForEach(func(k, _ []byte) error {
				addAside(&aside, name, k)
				return nil
			})
		}
	}
	return states, aside, err
}

// addAside adds a key of what is aside to its digest. Of a letter that is about an
// effect only an executor knows, and no log.
func addAside(s *root.Set, bucket, key []byte) {
	if !bytes.Contains(key, []byte{'/'}) || !bytes.Equal(bucket, bucketLetters) {
		s.Add(nil, bucket, key)
	}
}

func removeAside(s *root.Set, bucket, key []byte) {
	if !bytes.Contains(key, []byte{'/'}) || !bytes.Equal(bucket, bucketLetters) {
		s.Remove(nil, bucket, key)
	}
}
