package main

import (
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

// What is printed for people gives no orders to a terminal, and is itself where it would
// give none.
func TestPrintable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		got := printable(text)
		if strings.ContainsFunc(strings.NewReplacer("\n", "", "\t", "").Replace(got), unicode.IsControl) {
			t.Fatalf("%q has orders in it", got)
		}
		if got != text && !strings.ContainsFunc(text, isOrder) {
			t.Fatalf("%q has become %q", text, got)
		}
	})
	for text, want := range map[string]string{"a\x1b[2Jb": `a\x1b[2Jb`, "\u009b1m\r\n": "\\u009b1m\\r\n", "ä\t'": "ä\t'", "\x9b\x07": "\ufffd\\a"} {
		if got := printable(text); got != want {
			t.Errorf("%q has become %q", text, got)
		}
	}
}
