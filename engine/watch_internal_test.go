package engine

import (
	"maps"
	"testing"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
)

// While nobody watches a checkpoint allocates nothing for those who might.
func TestNobodyWatches(t *testing.T) {
	var w watch
	changes := checkpoint.Change{"a": []byte("1")}
	if n := testing.AllocsPerRun(100, func() { w.committed(nil, changes) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// copied is one who keeps a copy of a read model by what a watch tells.
type copied struct {
	number uint64
	at     Point
	keys   map[string]int
	away   bool
}

// model is a read model that others see, and what a watch keeps of its changes.
type model struct {
	w    *watch
	at   Point
	keys map[string]int

	// begin and first are where the generation has begun to serve, and what it had then: a
	// fold is what it was whenever it comes again.
	begin Point
	first map[string]int
}

// told brings a copy to where the news end; behind a gap it reads all.
func (m *model) told(c *copied) {
	for {
		n, next, more := m.w.after(c.number)
		if more != nil {
			return
		}
		c.number, c.at = next, n.at
		if n.gap != "" {
			c.keys = maps.Clone(m.keys)
			continue
		}
		c.take(n.changes)
	}
}

func (c *copied) take(changes checkpoint.Change) {
	for key, state := range changes {
		if c.keys[key] = len(state); state == nil {
			delete(c.keys, key)
		}
	}
}

// room is what states are cut from: a state is its length, which takes no memory.
var room = make([]byte, 2*maxNewsItem)

// state is one that no other position has.
func (m *model) state(size int) []byte { return room[:size+int(m.at.Position)%1000] }

func (m *model) commit(changes checkpoint.Change) {
	for key, state := range changes {
		if m.keys[key] = len(state); state == nil {
			delete(m.keys, key)
		}
	}
	if m.w.active.Load() {
		m.w.mu.Lock()
		m.w.add(m.w.newsOf(m.at, changes))
		m.w.mu.Unlock()
	}
}

// Whoever keeps a copy by what is told has what readers see: however slow, with what
// points ever it comes back, across generations that take over from each other, and
// whatever is too much to be kept.
func TestCopiesByWhatIsTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{w: &watch{serves: 1}, at: Point{1, 1}, keys: map[string]int{}, begin: Point{1, 1}, first: map[string]int{}}
		copies := map[int]*copied{}
		sizes := rapid.SampledFrom([]int{1, 1, 100, maxNewsItem / 2, maxNewsItem + 1})
		t.Repeat(map[string]func(*rapid.T){
			"commit": func(t *rapid.T) {
				if m.at == m.begin || rapid.IntRange(0, 5).Draw(t, "later") > 0 { // else what has been parked is folded
					m.at.Position += event.Position(rapid.IntRange(1, 3).Draw(t, "events"))
				}
				changes := checkpoint.Change{}
				for range rapid.IntRange(0, 3).Draw(t, "keys") {
					state := m.state(sizes.Draw(t, "size"))
					if rapid.IntRange(0, 3).Draw(t, "removed") == 0 {
						state = nil
					}
					changes[rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "key")] = state
				}
				m.commit(changes)
			},
			"commits": func(t *rapid.T) {
				for range rapid.IntRange(1, 40).Draw(t, "many") {
					m.at.Position++
					m.commit(checkpoint.Change{"e": m.state(maxNewsItem / 2)})
				}
			},
			"again": func(*rapid.T) { // an executor has lost what the state includes
				m.at, m.keys = m.begin, maps.Clone(m.first)
				m.commit(checkpoint.Change{})
			},
			"swap": func(t *rapid.T) {
				m.at.Generation++
				m.at.Position -= event.Position(rapid.IntRange(0, min(3, int(m.at.Position)-1)).Draw(t, "behind"))
				m.keys = map[string]int{"of": int(m.at.Generation)}
				m.begin, m.first = m.at, maps.Clone(m.keys)
				m.w.mu.Lock()
				if m.w.serves = m.at.Generation; m.w.active.Load() {
					m.w.add(news{at: m.at, gap: "swap"})
				}
				m.w.mu.Unlock()
			},
			"enter": func(t *rapid.T) {
				n := rapid.IntRange(0, 3).Draw(t, "who")
				c := copies[n]
				if c != nil && !c.away {
					return
				}
				if !m.w.enter(m.at) {
					t.Fatal("it is not let in")
				}
				if c != nil {
					if number, ok := m.w.behind(c.at); ok {
						c.number, c.away = number, false
						return
					}
				}
				number, ok := m.w.behind(m.at)
				if !ok {
					t.Fatalf("where it is is not known: %+v", m.at)
				}
				copies[n] = &copied{number: number, at: m.at, keys: maps.Clone(m.keys)}
			},
			"leave": func(t *rapid.T) {
				n := rapid.IntRange(0, 3).Draw(t, "who")
				if c := copies[n]; c != nil && !c.away {
					c.away = true
					m.w.leave()
				}
			},
			"forget": func(*rapid.T) {
				if m.w.watchers == 0 && m.w.active.Load() {
					m.w.mu.Lock()
					m.w.rest()
					m.w.mu.Unlock()
				}
			},
			"read": func(t *rapid.T) {
				if c := copies[rapid.IntRange(0, 3).Draw(t, "who")]; c != nil && !c.away {
					m.told(c)
					if !maps.Equal(c.keys, m.keys) || c.at != m.w.last() {
						t.Fatalf("at %+v the copy is %v, and at %+v the read model %v", c.at, c.keys, m.at, m.keys)
					}
				}
			},
			"": func(t *rapid.T) {
				size := 0
				for _, n := range m.w.items {
					size += n.size
				}
				if size != m.w.size || size > maxNews || len(m.w.items) > maxNewsItems {
					t.Fatalf("%d news of %d bytes are kept, %d by its own count", len(m.w.items), size, m.w.size)
				}
			},
		})
	})
}
