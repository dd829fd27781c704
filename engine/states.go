package engine

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/refold-dev/refold/engine/internal/checkpoint"
	"github.com/refold-dev/refold/sdk/manifest"
)

const (
	// DefaultPage and MaxPage are how many keys a page has, MaxPageBytes about how much of
	// keys and states at most.
	DefaultPage  = 100
	MaxPage      = 1000
	MaxPageBytes = 4 << 20
)

// Pages says which keys are read, page by page.
type Pages struct {
	// Prefix is what the keys begin with; empty means all.
	Prefix string
	// After is the Next of the page before; empty for the first page.
	After string
	// Limit is how many keys a page has; 0 means DefaultPage.
	Limit int
}

// Page is some keys of a keyed projection, in the order of their bytes. Pages of one
// Generation are of one read model, but of different positions if events come meanwhile.
type Page struct {
	Point
	Items []KeyState `json:"items"`
	// Next is where the next page begins; empty for the last one.
	Next string `json:"next,omitempty"`
}

// CursorError is an After that no page has had as its Next.
type CursorError struct{ After string }

func (e *CursorError) Error() string {
	return fmt.Sprintf("after: %q is not the next of a page", e.After)
}

// States reads a page of the states of a keyed projection. The error may be a
// *CursorError.
func (e *Engine) States(ctx context.Context, name string, q Pages) (Page, error) {
	p, _, release, err := e.use(ctx, name)
	if err != nil {
		return Page{}, err
	}
	defer release()
	first := q.Prefix
	if q.After != "" {
		last, err := keyOf(q.After)
		if err != nil {
			return Page{}, err
		}
		first = max(first, last+"\x00") // the key right behind it
	}
	if q.Limit == 0 {
		q.Limit = DefaultPage
	}
	return reading(p, func(live *generation) (Page, error) { return live.page(q, first) })
}

// cursorOf spells the last key of a page, which may be empty, and need not be text.
func cursorOf(key string) string { return base64.RawURLEncoding.EncodeToString([]byte("k" + key)) }

func keyOf(cursor string) (string, error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(text) == 0 || text[0] != 'k' {
		return "", &CursorError{cursor}
	}
	return string(text[1:]), nil
}

// page reads the keys with a prefix, from one on, as of now.
func (g *generation) page(q Pages, first string) (Page, error) {
	if g.manifest.State != manifest.Keyed {
		return Page{}, fmt.Errorf("pipeline %s: its projection is %s, and has no keys", g.pipeline, g.manifest.State)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	b := pageBuilder{page: Page{Point: Point{g.kept.Number(), g.mark.Position}, Items: []KeyState{}}, limit: q.Limit}
	b.fresh = g.unstored(q.Prefix, first)
	b.keys = slices.Sorted(maps.Keys(b.fresh))
	err := g.kept.From(first, func(key, state []byte) bool {
		return strings.HasPrefix(string(key), q.Prefix) && b.addStored(string(key), state)
	})
	if err != nil {
		return Page{}, err
	}
	for len(b.keys) > 0 && b.addFresh() {
	}
	return b.page, nil
}

// unstored are the changes with a prefix, from a key on, that wait for a checkpoint.
func (g *generation) unstored(prefix, first string) checkpoint.Change {
	fresh := checkpoint.Change{}
	take := func(changes checkpoint.Change) {
		for key, state := range changes {
			if key >= first && strings.HasPrefix(key, prefix) {
				fresh[key] = state
			}
		}
	}
	if g.sealed != nil {
		take(g.sealed.changes)
	}
	take(g.changes)
	return fresh
}

// pageBuilder merges what is stored with what waits for that.
type pageBuilder struct {
	page  Page
	limit int
	size  int
	fresh checkpoint.Change
	keys  []string // of fresh, in order, that have not been added
}

// addStored adds a key that is stored, and those before it that are not, and reports
// whether there is room for more.
func (b *pageBuilder) addStored(key string, state []byte) bool {
	for len(b.keys) > 0 && b.keys[0] < key {
		if !b.addFresh() {
			return false
		}
	}
	if len(b.keys) > 0 && b.keys[0] == key {
		return b.addFresh()
	}
	return b.add(key, state)
}

func (b *pageBuilder) addFresh() bool {
	key := b.keys[0]
	b.keys = b.keys[1:]
	return b.fresh[key] == nil || b.add(key, b.fresh[key])
}

// add adds a key, or notes that there is one more than fits.
func (b *pageBuilder) add(key string, state []byte) bool {
	if n := len(b.page.Items); n == b.limit || n > 0 && b.size+len(key)+len(state) > MaxPageBytes {
		b.page.Next = cursorOf(b.page.Items[n-1].Key)
		b.keys = nil // none of those either
		return false
	}
	b.size += len(key) + len(state)
	b.page.Items = append(b.page.Items, KeyState{key, stateText(state)})
	return true
}
