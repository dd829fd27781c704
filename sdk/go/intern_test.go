package refold

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestIntern: whatever came before, a string is its bytes, and does not change
// with them.
func TestIntern(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type kept struct{ got, want string }
		var all []kept
		buf := make([]byte, 0, 2*internedBytes)
		for _, text := range rapid.SliceOf(rapid.StringN(0, 20, 2*internedBytes)).Draw(t, "texts") {
			buf = append(buf[:0], text...)
			all = append(all, kept{intern(buf), strings.Clone(text)})
			clear(buf)
		}
		for _, s := range all {
			if s.got != s.want {
				t.Fatalf("got %q, want %q", s.got, s.want)
			}
		}
	})
}

// TestInternAllocatesNothing holds what it is for.
func TestInternAllocatesNothing(t *testing.T) {
	text := []byte("docs/guide/introduction.md")
	if n := testing.AllocsPerRun(100, func() { intern(text) }); n != 0 {
		t.Errorf("a string that is known makes %v allocations", n)
	}
}
