package log

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxMessage is how many bytes of a message are logged; the rest is counted.
const MaxMessage = 4096

// message makes a projection's text fit for a log: what does not print is
// written as an escape sequence of Go.
func message(text []byte) string {
	kept := text[:cut(text)]
	var b strings.Builder
	for len(kept) > 0 {
		r, size := utf8.DecodeRune(kept)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, kept[0])
		case strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
		kept = kept[size:]
	}
	if more := len(text) - cut(text); more > 0 {
		fmt.Fprintf(&b, " … (%d bytes more)", more)
	}
	return b.String()
}

// cut is where to end a text that is too long, between two characters.
func cut(text []byte) int {
	if len(text) <= MaxMessage {
		return len(text)
	}
	end := MaxMessage
	for end > MaxMessage-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return end
}
