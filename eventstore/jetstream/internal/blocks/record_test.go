package blocks_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/refold-dev/refold/eventstore/jetstream/internal/blocks"
	"github.com/refold-dev/refold/eventstore/jetstream/internal/blocks/blockstest"
)

const headers = "NATS/1.0\r\nNats-Msg-Id: 7\r\n\r\n"

func parse(t testing.TB, stream string, block int, text []byte) (blocks.Record, error) {
	t.Helper()
	p, err := blocks.NewParser(stream, block)
	if err != nil {
		t.Fatal(err)
	}
	return p.Parse(text)
}

// TestRecord holds that a record is read as it was written, and that a change
// of any byte is noticed, but for the lengths within it, which no checksum covers.
func TestRecord(t *testing.T) {
	text := blockstest.Encode("S", 3, 7, headers)
	r, err := parse(t, "S", 3, append(bytes.Clone(text), "rest"...))
	if err != nil || r.Sequence != 7 || r.Size != len(text) || string(r.Headers) != headers ||
		string(r.Subject) != blockstest.Subject || string(r.Body) != blockstest.Body {
		t.Fatalf("%+v, size %d, %v", r, len(text), err)
	}
	subject := 22 + len(blockstest.Subject)
	for i := range text {
		if i == 20 || i == 21 || i >= subject && i < subject+4 {
			continue
		}
		changed := bytes.Clone(text)
		changed[i] ^= 1
		if _, err := parse(t, "S", 3, changed); !errors.Is(err, blocks.ErrTorn) {
			t.Errorf("byte %d was changed: %v", i, err)
		}
	}
	for other, block := range map[string]int{"S": 2, "T": 3} {
		if _, err := parse(t, other, block, text); !errors.Is(err, blocks.ErrTorn) {
			t.Errorf("read as of block %d of stream %s: %v", block, other, err)
		}
	}
}

// FuzzRecord holds that no text makes the parser go beyond it, and that what it
// takes for a record has the checksum of one.
func FuzzRecord(f *testing.F) {
	f.Add(blockstest.Encode("S", 1, 1, headers))
	f.Add(blockstest.Encode("S", 1, 2, ""))
	f.Add(blockstest.Encode("S", 1, 3, headers)[:70])
	f.Add(make([]byte, 64))
	f.Add(bytes.Repeat([]byte{0xff}, 64))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := parse(t, "S", 1, text)
		if err != nil {
			if !errors.Is(err, blocks.ErrTorn) {
				t.Fatal(err)
			}
			return
		}
		if parts := len(r.Subject) + len(r.Headers) + len(r.Body); r.Size > len(text) || parts > r.Size-30 || parts < r.Size-34 {
			t.Fatalf("a record of %d bytes with %d of content in a text of %d", r.Size, parts, len(text))
		}
		if _, err := parse(t, "S", 1, text[:r.Size-1]); err == nil {
			t.Fatal("the record is as sound without its last byte")
		}
	})
}
