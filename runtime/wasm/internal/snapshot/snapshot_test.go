package snapshot

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
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
		base := NewBase(Digest{1}, first)
		want := State{
			Memory:  memory(t, first, rapid.IntRange(2, 4).Draw(t, "pages")),
			Globals: rapid.SliceOfN(rapid.Uint64(), 1, 5).Draw(t, "globals"),
			Random:  rapid.Uint64().Draw(t, "random"),
			Slept:   rapid.Uint64().Draw(t, "slept"),
		}
		image, err := c.Decode(c.Encode(base, &want), base, len(want.Globals), 4)
		if err != nil {
			t.Fatal(err)
		}
		got := State{Memory: bytes.Repeat([]byte{0xa5}, int(image.Pages)*PageSize),
			Globals: image.Globals, Random: image.Random, Slept: image.Slept}
		image.Apply(got.Memory)
		if !bytes.Equal(want.Memory, got.Memory) {
			t.Fatal("memory differs")
		}
		want.Memory, got.Memory = nil, nil
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("state (-want +got):\n%s", diff)
		}
	})
}

func TestSnapshotIsSmall(t *testing.T) {
	c := codec(t)
	m := make([]byte, 100*PageSize)
	base := NewBase(Digest{}, m)
	if n := len(c.Encode(base, &State{Memory: m})); n > 100 {
		t.Errorf("a snapshot of a fresh instance has %d bytes", n)
	}
	m[5*PageSize] = 1
	if n := len(c.Encode(base, &State{Memory: m})); n > 200 {
		t.Errorf("a snapshot with one changed byte has %d bytes", n)
	}
}

// TestDamage damages a snapshot in each place, with and without mending its
// checksum.
func TestDamage(t *testing.T) {
	c := codec(t)
	base := NewBase(Digest{7}, make([]byte, PageSize))
	s := State{Memory: bytes.Repeat([]byte("abc "), PageSize/2), Globals: []uint64{1, 2}}
	whole := c.Encode(base, &s)
	for n := range whole {
		if _, err := c.Decode(whole[:n], base, 2, 4); !isError(err, false) {
			t.Fatalf("cut at byte %d: %v", n, err)
		}
		b := bytes.Clone(whole)
		b[n] ^= 0x10
		if _, err := c.Decode(b, base, 2, 4); !isError(err, n >= hVersion && n < hDigest) {
			t.Fatalf("byte %d damaged: %v", n, err)
		}
		mend(b)
		if image, err := c.Decode(b, base, 2, 4); err == nil {
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
	base := NewBase(Digest{1}, memory)
	taken := c.Encode(base, &State{Memory: memory, Globals: []uint64{1}})
	patched := func(at int, v uint32) []byte {
		b := bytes.Clone(taken)
		le.PutUint32(b[at:], v)
		mend(b)
		return b
	}
	for _, tt := range []struct {
		name     string
		snapshot []byte
		base     *Base
		globals  int
		pages    uint32
		mismatch bool
	}{
		{"other module", taken, NewBase(Digest{2}, memory), 1, 4, true},
		{"other base", taken, NewBase(Digest{1}, bytes.Repeat([]byte{1}, PageSize)), 1, 4, true},
		{"more memory than the limit", taken, base, 1, 1, true},
		{"other number of globals", taken, base, 2, 4, false},
		{"huge number of globals", patched(hGlobals, 1<<31), base, 1, 4, false},
		{"fewer pages than the base", patched(hPages, 1), base, 1, 4, false},
		{"huge number of pages", patched(hPages, 1<<32-1), base, 1, 4, true},
		{"huge number of blocks", patched(hBlocks, 1<<32-1), base, 1, 4, false},
		{"newer version", patched(hVersion, 2), base, 1, 4, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.Decode(tt.snapshot, tt.base, tt.globals, tt.pages)
			if !isError(err, tt.mismatch) {
				t.Errorf("got %v, want an Error with mismatch %v", err, tt.mismatch)
			}
		})
	}
}

// TestBomb: blocks that unpack to more than they say are not unpacked.
func TestBomb(t *testing.T) {
	c := codec(t)
	base := NewBase(Digest{}, make([]byte, PageSize))
	memory := bytes.Repeat([]byte{1}, PageSize)
	b := c.Encode(base, &State{Memory: memory})
	bomb := c.pack.EncodeAll(make([]byte, 64<<20), nil)
	packed := le.Uint32(b[hPacked:])
	b = append(b[:len(b)-trailerSize-int(packed)], bomb...)
	le.PutUint32(b[hPacked:], uint32(len(bomb)))
	b = append(b, make([]byte, trailerSize)...)
	mend(b)
	if _, err := c.Decode(b, base, 0, 4); !isError(err, false) {
		t.Errorf("got %v, want a damaged snapshot", err)
	}
}

// FuzzDecode holds invariants 1 and 2.
func FuzzDecode(f *testing.F) {
	c := codec(f)
	base := NewBase(Digest{7}, make([]byte, PageSize))
	for _, memory := range [][]byte{make([]byte, PageSize), bytes.Repeat([]byte("abc "), PageSize/2)} {
		f.Add(c.Encode(base, &State{Memory: memory, Globals: []uint64{1, 2}}))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		b = bytes.Clone(b)
		mend(b)
		image, err := c.Decode(b, base, 2, 4)
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
