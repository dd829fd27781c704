package snapshot

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func codec(t testing.TB) *Codec {
	t.Helper()
	c, err := NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// memory draws a memory of a few pages that is mostly like base.
func memory(t *rapid.T, base []byte, pages int) []byte {
	m := make([]byte, pages*PageSize)
	copy(m, base)
	for range rapid.IntRange(0, 8).Draw(t, "writes") {
		at := rapid.IntRange(0, len(m)-1).Draw(t, "at")
		copy(m[at:], rapid.SliceOfN(rapid.Byte(), 1, 5000).Draw(t, "bytes"))
	}
	return m
}

// TestRoundTrip holds invariant 3.
func TestRoundTrip(t *testing.T) {
	c := codec(t)
	rapid.Check(t, func(t *rapid.T) {
		first := memory(t, nil, 2)
		numbers := rapid.SliceOfN(rapid.Uint32Range(0, functions), 0, 6)
		firstTables := rapid.SliceOfN(numbers, 0, 3).Draw(t, "first tables")
		firstDropped := rapid.SliceOfN(rapid.Uint64(), 0, 2).Draw(t, "first dropped")
		var tables [][]uint32
		for _, first := range firstTables {
			tables = append(tables, rapid.SliceOfN(rapid.Uint32Range(0, functions), len(first), 9).Draw(t, "table"))
		}
		dropped := []uint64{}
		for _, word := range firstDropped {
			dropped = append(dropped, word|rapid.Uint64().Draw(t, "dropped"))
		}
		base := NewBase(Digest{1}, 1, &State{Memory: first, Tables: firstTables, Dropped: firstDropped})
		want := State{
			Memory:  memory(t, first, rapid.IntRange(2, 4).Draw(t, "pages")),
			Globals: rapid.SliceOfN(rapid.Uint64(), 1, 5).Draw(t, "globals"),
			Tables:  tables,
			Dropped: dropped,
			Random:  rapid.Uint64().Draw(t, "random"),
			Slept:   rapid.Uint64().Draw(t, "slept"),
		}
		image, err := c.Decode(c.Encode(base, &want), base, Shape{len(want.Globals), functions, 4, []uint32{9, 9, 9}})
		if err != nil {
			t.Fatal(err)
		}
		got := State{Memory: bytes.Repeat([]byte{0xa5}, int(image.Pages)*PageSize),
			Globals: image.Globals, Tables: restored(firstTables, image), Dropped: image.Dropped, Random: image.Random, Slept: image.Slept}
		image.Apply(got.Memory)
		if !bytes.Equal(want.Memory, got.Memory) {
			t.Fatal("memory differs")
		}
		want.Memory, got.Memory = nil, nil
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("state (-want +got):\n%s", diff)
		}
	})
}

// functions is how many functions a slot can hold in these tests.
const functions = 5

// restored are the tables that an image makes of a fresh instance's.
func restored(fresh [][]uint32, m *Image) (tables [][]uint32) {
	for n, size := range m.Tables {
		tables = append(tables, make([]uint32, size))
		copy(tables[n], fresh[n])
	}
	for _, slot := range m.Slots {
		tables[slot.Table][slot.At] = slot.Number
	}
	return tables
}

// fresh is an instance with a memory, no table and nothing to drop.
func fresh(module byte, memory []byte) *Base {
	return NewBase(Digest{module}, 1, &State{Memory: memory})
}

// TestChangedParts: a snapshot has as many blocks and slots as have changed.
func TestChangedParts(t *testing.T) {
	c := codec(t)
	s := State{Memory: make([]byte, 64*PageSize), Tables: [][]uint32{make([]uint32, 5), make([]uint32, 1000)}}
	base := NewBase(Digest{}, 1, &s)
	shape := Shape{Functions: functions, MaxPages: 64, MaxTables: []uint32{5, 1000}}
	for changed := range 20 {
		if changed > 0 {
			s.Memory[(3*changed-1)*blockSize+changed] = 1
			s.Tables[1][7*changed] = 1
		}
		b := c.Encode(base, &s)
		if blocks, slots := le.Uint32(b[hBlocks:]), le.Uint32(b[hSlots:]); blocks != uint32(changed) || slots != uint32(changed) {
			t.Errorf("%d blocks and %d slots are stored, %d of each have changed", blocks, slots, changed)
		}
		image, err := c.Decode(b, base, shape)
		if err != nil || len(image.blocks) != changed*blockSize {
			t.Errorf("%d bytes of blocks: %v", len(image.blocks), err)
		}
	}
}

func TestSnapshotIsSmall(t *testing.T) {
	c := codec(t)
	m := make([]byte, 100*PageSize)
	base := fresh(0, m)
	if n := len(c.Encode(base, &State{Memory: m})); n > 120 {
		t.Errorf("a snapshot of a fresh instance has %d bytes", n)
	}
	m[5*PageSize] = 1
	if n := len(c.Encode(base, &State{Memory: m})); n > 200 {
		t.Errorf("a snapshot with one changed byte has %d bytes", n)
	}
}

// tabled is an instance with a table and something to drop.
func tabled() *Base {
	return NewBase(Digest{7}, 1, &State{Memory: make([]byte, PageSize), Tables: [][]uint32{{1, 2}, {}}, Dropped: []uint64{1}})
}

var tabledShape = Shape{Globals: 2, Functions: functions, MaxPages: 4, MaxTables: []uint32{9, 3}}

// TestDamage damages a snapshot in each place, with and without mending its
// checksum.
func TestDamage(t *testing.T) {
	c := codec(t)
	base := tabled()
	s := State{Memory: bytes.Repeat([]byte("abc "), PageSize/2), Globals: []uint64{1, 2}, Tables: [][]uint32{{1, 3, 5}, {2}}, Dropped: []uint64{3}}
	whole := c.Encode(base, &s)
	for n := range whole {
		if _, err := c.Decode(whole[:n], base, tabledShape); !isError(err, false) {
			t.Fatalf("cut at byte %d: %v", n, err)
		}
		b := bytes.Clone(whole)
		b[n] ^= 0x10
		if _, err := c.Decode(b, base, tabledShape); !isError(err, n >= hVersion && n < hDigest) {
			t.Fatalf("byte %d damaged: %v", n, err)
		}
		mend(b)
		if image, err := c.Decode(b, base, tabledShape); err == nil {
			image.Apply(make([]byte, int(image.Pages)*PageSize))
		}
	}
}

func isError(err error, mismatch bool) bool {
	var e *Error
	return errors.As(err, &e) && e.Mismatch == mismatch
}

func mend(b []byte) {
	if end := len(b) - trailerSize; end >= 0 {
		le.PutUint32(b[end:], checksum(b[:end]))
	}
}

func TestRefused(t *testing.T) {
	c := codec(t)
	memory := make([]byte, 2*PageSize)
	state := func(memory []byte, dropped uint64) *State {
		return &State{Memory: memory, Globals: []uint64{1}, Tables: [][]uint32{{1, 2}, {0}}, Dropped: []uint64{dropped}}
	}
	base := NewBase(Digest{1}, 1, state(memory, 1))
	limits := []uint32{4, 2}
	shape := Shape{1, functions, 4, limits}
	s := state(memory, 1)
	s.Tables = [][]uint32{{2, 1, 3}, {4}}
	taken := c.Encode(base, s)
	patched := func(at int, v uint32) []byte {
		b := bytes.Clone(taken)
		le.PutUint32(b[at:], v)
		mend(b)
		return b
	}
	const dropped, tables, slots = hSize + 8, hSize + 16, hSize + 24
	for _, tt := range []struct {
		name     string
		snapshot []byte
		base     *Base
		shape    Shape
		mismatch bool
	}{
		{"other module", taken, NewBase(Digest{2}, 1, state(memory, 1)), shape, true},
		{"other meter", taken, NewBase(Digest{1}, 2, state(memory, 1)), shape, true},
		{"other memory", taken, NewBase(Digest{1}, 1, state(bytes.Repeat([]byte{1}, PageSize), 1)), shape, true},
		{"other table", taken, NewBase(Digest{1}, 1, &State{Memory: memory, Tables: [][]uint32{{1}, {0}}, Dropped: []uint64{1}}), shape, true},
		{"another table between", taken, NewBase(Digest{1}, 1, &State{Memory: memory, Tables: [][]uint32{{1, 2, 0}}, Dropped: []uint64{1}}), shape, true},
		{"other dropped segments", taken, NewBase(Digest{1}, 1, state(memory, 0)), shape, true},
		{"more memory than the limit", taken, base, Shape{1, functions, 1, limits}, true},
		{"a larger table than the limit", taken, base, Shape{1, functions, 4, []uint32{2, 2}}, true},
		{"other number of globals", taken, base, Shape{2, functions, 4, limits}, false},
		{"huge number of globals", patched(hGlobals, 1<<31), base, shape, false},
		{"fewer pages than the base", patched(hPages, 1), base, shape, false},
		{"huge number of pages", patched(hPages, 1<<32-1), base, shape, true},
		{"huge number of blocks", patched(hBlocks, 1<<32-1), base, shape, false},
		{"a smaller table than the base", patched(tables, 1), base, shape, false},
		{"a huge table", patched(tables, 1<<32-1), base, shape, true},
		{"huge number of tables", patched(hTables, 1<<32-1), base, shape, false},
		{"a table less", patched(hTables, 1), base, shape, false},
		{"huge number of slots", patched(hSlots, 1<<32-1), base, shape, false},
		{"huge number of dropped segments", patched(hDropped, 1<<32-1), base, shape, false},
		{"a segment that comes back", patched(dropped, 0), base, shape, false},
		{"slots out of order", patched(slots+4, 1), base, shape, false},
		{"tables out of order", patched(slots, 1), base, shape, false},
		{"a slot outside the table", patched(slots+28, 3), base, shape, false},
		{"a slot of no table", patched(slots+36, 2), base, shape, false},
		{"a function that is none", patched(slots+8, functions+1), base, shape, false},
		{"newer version", patched(hVersion, version+1), base, shape, true},
		{"older version", patched(hVersion, version-1), base, shape, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.Decode(tt.snapshot, tt.base, tt.shape)
			if !isError(err, tt.mismatch) {
				t.Errorf("got %v, want an Error with mismatch %v", err, tt.mismatch)
			}
		})
	}
}

// TestBomb: blocks that unpack to more than they say are not unpacked.
func TestBomb(t *testing.T) {
	c := codec(t)
	base := fresh(0, make([]byte, PageSize))
	memory := bytes.Repeat([]byte{1}, PageSize)
	b := c.Encode(base, &State{Memory: memory})
	bomb := c.pack.EncodeAll(make([]byte, 64<<20), nil)
	packed := le.Uint32(b[hPacked:])
	b = append(b[:len(b)-trailerSize-int(packed)], bomb...)
	le.PutUint32(b[hPacked:], uint32(len(bomb)))
	b = append(b, make([]byte, trailerSize)...)
	mend(b)
	if _, err := c.Decode(b, base, Shape{MaxPages: 4}); !isError(err, false) {
		t.Errorf("got %v, want a damaged snapshot", err)
	}
}

// FuzzDecode holds invariants 1 and 2.
func FuzzDecode(f *testing.F) {
	c := codec(f)
	base := tabled()
	for _, memory := range [][]byte{make([]byte, PageSize), bytes.Repeat([]byte("abc "), PageSize/2)} {
		f.Add(c.Encode(base, &State{Memory: memory, Globals: []uint64{1, 2}, Tables: [][]uint32{{1, 3, 0, 5}, {1, 2}}, Dropped: []uint64{3}}))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		b = bytes.Clone(b)
		mend(b)
		image, err := c.Decode(b, base, tabledShape)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("error %v is no *Error", err)
			}
			return
		}
		image.Apply(make([]byte, int(image.Pages)*PageSize))
	})
}
