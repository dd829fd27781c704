package snapshot

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDamage changes every bit, and cuts and lengthens at every byte: nothing
// of it is taken for a snapshot.
func TestDamage(t *testing.T) {
	whole, err := encode(sound(1))
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, at int, b []byte) {
		t.Helper()
		var f flaw
		if s, err := decode(b); !errors.As(err, &f) {
			t.Errorf("%s at byte %d: %+v, %v", what, at, s, err)
		}
	}
	for i := range whole {
		for bit := range 8 {
			changed := bytes.Clone(whole)
			changed[i] ^= 1 << bit
			refused("a changed bit", i, changed)
		}
		refused("cut off", i, whole[:i])
		refused("zeros from here on", i, append(bytes.Clone(whole[:i]), make([]byte, len(whole)-i)...))
	}
	refused("more behind the end", len(whole), append(bytes.Clone(whole), 0))
	if _, err := decode(whole); err != nil {
		t.Errorf("the sound one: %v", err)
	}
}

// TestFilesThatAreNone says how each is told from a snapshot.
func TestFilesThatAreNone(t *testing.T) {
	whole, err := encode(sound(1))
	if err != nil {
		t.Fatal(err)
	}
	other, err := encode(sound(2))
	if err != nil {
		t.Fatal(err)
	}
	later := resigned(whole, func(b []byte) { le.PutUint16(b[hFormat:], 3) })
	for want, content := range map[string][]byte{
		"it is shorter than its header":                         {},
		"its checksum is wrong":                                 whole[:len(whole)-1],
		"it does not begin as a snapshot does":                  bytes.Repeat([]byte("x"), 200),
		"its format is 3, not 2":                                later,
		"it is of compute/01900000-0000-7000-8000-000000000002": other,
		"it is of an aggregate without events":                  resigned(whole, func(b []byte) { le.PutUint64(b[hVersion:], 0) }),
		"it is shorter than its header says":                    resigned(whole, func(b []byte) { le.PutUint32(b[hState:], 1<<31) }),
		"it has 67108865 bytes, more than a snapshot can have":  make([]byte, maxSize+1),
	} {
		d := At(t.TempDir())
		file := path(t, d, sound(1).Aggregate)
		mustWrite(t, file, content)
		_, found, err := d.Load(t.Context(), sound(1).Aggregate)
		var damaged *DamagedError
		if found || !errors.As(err, &damaged) || damaged.Reason != want || damaged.Path != file {
			t.Errorf("got %v, want: %s", err, want)
		}
		save(t, d, sound(1))
		if s, found, err := d.Load(t.Context(), sound(1).Aggregate); !found || err != nil || s.Version != sound(1).Version {
			t.Errorf("after saving over it: %+v, %v", s, err)
		}
	}
}

// resigned changes a copy of b, and mends the checksum.
func resigned(b []byte, change func([]byte)) []byte {
	b = bytes.Clone(b)
	change(b)
	le.PutUint32(b[hChecksum:], checksum(b[hFormat:]))
	return b
}

// TestGoldenFile pins the format: what was written once stays readable.
func TestGoldenFile(t *testing.T) {
	kept, err := os.ReadFile("testdata/v2.snapshot")
	if err != nil {
		t.Fatal(err)
	}
	s, err := decode(kept)
	if diff := cmp.Diff(sound(1), s); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if b, err := encode(sound(1)); !bytes.Equal(b, kept) || err != nil {
		t.Errorf("encoded as % x, %v", b, err)
	}
}

// FuzzDecode signs what it is given, so that what is behind the checksum is
// reached. What is decoded is encoded to the same bytes, but for the unused.
func FuzzDecode(f *testing.F) {
	whole, err := encode(sound(1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:headerSize])
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = decode(b)
		if len(b) < headerSize {
			return
		}
		b = resigned(b, func(b []byte) { copy(b, magic); le.PutUint16(b[hFormat:], formatVersion) })
		s, err := decode(b)
		if err != nil {
			return
		}
		again, err := encode(s)
		if err != nil || !bytes.Equal(b, again) {
			t.Fatalf("% x is decoded and encoded as % x, %v", b, again, err)
		}
	})
}
