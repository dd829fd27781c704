package jetstream

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/jsontext"
)

// walker reads a body from left to right without allocating. Once ok is false
// it stays so, and what it returned since means nothing.
type walker struct {
	rest []byte
	ok   bool
}

func (w *walker) literal(s string) {
	if w.ok = w.ok && len(w.rest) >= len(s) && string(w.rest[:len(s)]) == s; w.ok {
		w.rest = w.rest[len(s):]
	}
}

// until returns the bytes before the next c and steps over it.
func (w *walker) until(c byte) []byte {
	i := bytes.IndexByte(w.rest, c)
	if w.ok = w.ok && i >= 0; !w.ok {
		return nil
	}
	out := w.rest[:i]
	w.rest = w.rest[i+1:]
	return out
}

func isDigit(c byte) bool { return c-'0' < 10 }

func (w *walker) uint() uint64 {
	var n uint64
	i := 0
	for ; i < len(w.rest) && isDigit(w.rest[i]); i++ {
		n = n*10 + uint64(w.rest[i]-'0')
	}
	// 19 digits cannot overflow; more are left to the general decoder.
	if w.ok = w.ok && i > 0 && i < 20 && (i == 1 || w.rest[0] != '0'); w.ok {
		w.rest = w.rest[i:]
	}
	return n
}

func (w *walker) uuid() (id uuid.UUID) {
	if w.ok = w.ok && len(w.rest) >= 36; !w.ok {
		return id
	}
	s := w.rest[:36]
	var seen byte
	for b, i := range [16]byte{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34} {
		hi, lo := hexDigit(s[i]), hexDigit(s[i+1])
		seen |= hi | lo
		id[b] = hi<<4 | lo
	}
	w.ok = seen < 16 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-'
	w.rest = w.rest[36:]
	return id
}

// hexDigit returns the value of a lower-case hex digit, 255 for all else. The
// digits of an id are random, so that a branch would be guessed wrong.
func hexDigit(c byte) byte { return hexDigits[c] }

const hexDigits = "" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\x0a\x0b\x0c\x0d\x0e\x0f\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"

func (w *walker) nullUUID() uuid.NullUUID {
	if w.ok && bytes.HasPrefix(w.rest, []byte("null")) {
		w.rest = w.rest[4:]
		return uuid.NullUUID{}
	}
	w.literal(`"`)
	id := w.uuid()
	w.literal(`"`)
	return uuid.NullUUID{UUID: id, Valid: true}
}

// The years in between hold all times that an event can have.
const minYear, maxYear = 1678, 2261

// time reads a time in UTC and its closing quote.
func (w *walker) time() time.Time {
	raw := w.until('"')
	var t time.Time
	if !w.ok || t.UnmarshalText(raw) != nil || raw[len(raw)-1] != 'Z' {
		w.ok = false
		return t
	}
	t = t.UTC()
	w.ok = t.Year() >= minYear && t.Year() <= maxYear
	return t
}

// object reads one JSON object.
func (w *walker) object() json.RawMessage {
	if w.ok = w.ok && len(w.rest) > 0 && w.rest[0] == '{'; !w.ok {
		return nil
	}
	n := jsontext.Scan(w.rest)
	if w.ok = n > 0; !w.ok {
		return nil
	}
	out := w.rest[:n:n]
	w.rest = w.rest[n:]
	return out
}
