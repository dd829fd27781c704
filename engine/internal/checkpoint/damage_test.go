package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// content is all that a file says of its active generation.
type content struct {
	active, activating uint64
	mark               Mark
	life               Life
	snapshot           string
	states             map[string]string
}

func (c content) equal(o content) bool {
	return c.active == o.active && c.activating == o.activating && c.mark == o.mark && c.life == o.life && c.snapshot == o.snapshot && maps.Equal(c.states, o.states)
}

// readAll reads a file as an engine does when it starts.
func readAll(path string) (c content, err error) {
	s, err := Open(path)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if c.active, c.activating, err = s.Generations(); err != nil || c.active == 0 {
		return c, err
	}
	if c.life, err = s.Life(); err != nil {
		return c, err
	}
	g, err := s.Generation(c.active)
	if err != nil {
		return c, err
	}
	if err := g.Verify(); err != nil {
		return c, err
	}
	snapshot, err := g.Snapshot()
	c.mark, c.snapshot, c.states = g.Mark(), string(snapshot), map[string]string{}
	return c, errors.Join(err, g.Each(func(key, state []byte) error {
		c.states[string(key)] = string(state)
		return nil
	}))
}

// written makes a file with branches, buckets, overflow pages and free pages,
// and returns it with what it holds after each commit.
func written(t testing.TB) (file []byte, commits []content) {
	t.Helper()
	path := newPath(t)
	s := open(t, path)
	create(t, s)
	g := create(t, s)
	must(t, s.BeginActivation(2, true))
	must(t, s.FinishActivation(2, time.Unix(1, 0)))
	for round := range 4 {
		change := Change{}
		for i := range 400 {
			change[fmt.Sprintf("key %d", i*(round+1))] = fmt.Appendf(nil, `{"n":%d,"round":%d}`, i, round)
		}
		change[fmt.Sprint("long ", round)] = bytes.Repeat([]byte{'x'}, 10_000)
		change["key 0"] = nil
		must(t, g.Commit(Mark{Position: 1000, Delivered: 900, Filtered: 100, Identity: fmt.Sprint("identity ", round)}, change, &Image{Snapshot: bytes.Repeat([]byte{'s'}, 9000+round)}, nil))
		commits = append(commits, between(t, s))
		s = open(t, path)
		must(t, s.SetLife(Life{State: "paused", Since: time.Unix(int64(round), 0).UTC(), Reason: strings.Repeat("r", 10*round)}))
		commits = append(commits, between(t, s))
		s = open(t, path)
		var err error
		g, err = s.Generation(2)
		must(t, err)
	}
	must(t, s.Close())
	file, err := os.ReadFile(path)
	must(t, err)
	return file, commits
}

// between closes a file and reads what it holds.
func between(t testing.TB, s *Store) content {
	t.Helper()
	path := s.db.Path()
	must(t, s.Close())
	c, err := readAll(path)
	must(t, err)
	return c
}

// wantDamageOr reads a file that has been spoiled: the error says so, or it
// holds what was committed last or before that. A panic, in whatever goroutine,
// ends the test.
func wantDamageOr(t *testing.T, what string, file []byte, commits []content) (damaged bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	must(t, os.WriteFile(path, file, 0o600))
	got, err := readAll(path)
	var damage *DamageError
	if errors.As(err, &damage) {
		if damage.Path != path || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: the error does not name the file: %v", what, err)
		}
		return true
	}
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return false
	}
	last := len(commits) - 1
	if !got.equal(commits[last]) && !got.equal(commits[last-1]) {
		t.Errorf("%s: it is read as if it held %d keys at %+v, generations %d, %d", what, len(got.states), got.mark, got.active, got.activating)
	}
	return false
}

// What says that it is a bucket, in the first element of a page, may say something else.
func TestABucketThatIsNoneIsFound(t *testing.T) {
	file, commits := written(t)
	const leaf, bucket, header = 2, 1, 16 // as bbolt lays pages out
	tried := 0
	for page := 0; page < len(file); page += os.Getpagesize() {
		if file[page+8] != leaf || file[page+header] != bucket {
			continue
		}
		spoiled := bytes.Clone(file)
		spoiled[page+header] = 0
		wantDamageOr(t, fmt.Sprintf("the element at %d", page+header), spoiled, commits)
		tried++
	}
	if tried == 0 {
		t.Error("no page begins with a bucket")
	}
}

// Invariant 5.
func TestAFlippedByteIsFound(t *testing.T) {
	file, commits := written(t)
	random := rand.New(rand.NewPCG(1, 2))
	found := 0
	flip := func(at int) {
		spoiled := bytes.Clone(file)
		spoiled[at] ^= byte(1 + random.IntN(255))
		if wantDamageOr(t, fmt.Sprintf("byte %d of %d, %#x, is %#x", at, len(file), file[at], spoiled[at]), spoiled, commits) {
			found++
		}
	}
	for range 300 {
		flip(random.IntN(len(file)))
	}
	for page := 0; page < len(file); page += os.Getpagesize() { // headers and first elements, of all pages
		for range 4 {
			flip(page + random.IntN(64))
		}
	}
	if found < 100 {
		t.Errorf("only %d flipped bytes have been found", found)
	}
}

// Invariant 5.
func TestAFileThatIsCutOffIsFound(t *testing.T) {
	file, commits := written(t)
	random := rand.New(rand.NewPCG(3, 4))
	lengths := []int{1, 15, 4095, 4096, 4097, 8191, 8192, 8193, 12288, len(file) / 2}
	for range 60 {
		lengths = append(lengths, 1+random.IntN(len(file)-1))
	}
	for _, length := range lengths {
		wantDamageOr(t, fmt.Sprintf("the first %d of %d bytes", length, len(file)), file[:length], commits)
		if length < len(file)/2 && !wantDamageOr(t, "again", file[:length], commits) {
			t.Errorf("%d of %d bytes pass for the file", length, len(file))
		}
	}
}

// A page that is another one's, whole and sound, but for where it says it is:
// it may be an older one of the same keys.
func TestAPageOfAnotherPlaceIsFound(t *testing.T) {
	file, commits := written(t)
	size := os.Getpagesize()
	random := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		from, to := (2+random.IntN(len(file)/size-2))*size, (2+random.IntN(len(file)/size-2))*size
		spoiled := bytes.Clone(file)
		copy(spoiled[to:to+size], file[from:from+size])
		native.PutUint64(spoiled[to:], uint64(to/size))
		wantDamageOr(t, fmt.Sprintf("page %d at the place of page %d", from/size, to/size), spoiled, commits)
	}
}

// A file of another layout is not read, and not changed.
func TestAnotherLayout(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db, err := bbolt.Open(path, 0o600, nil)
	must(t, err)
	must(t, db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("pipeline"))
		return err
	}))
	must(t, db.Close())
	var damage *DamageError
	if _, err := Open(path); !errors.As(err, &damage) || !strings.Contains(err.Error(), `"pipeline"`) {
		t.Errorf("error %v", err)
	}
}

func FuzzPages(f *testing.F) {
	file, _ := written(f)
	size := os.Getpagesize()
	f.Add(file[:min(len(file), 40*size)], uint64(3))
	f.Add(file[2*size:8*size], uint64(2))
	f.Fuzz(func(t *testing.T, file []byte, root uint64) {
		_ = newPages(bytes.NewReader(file), uint64(size), uint64(len(file)/size)).checkTree(root)
	})
}
