package unfinished_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/refold-dev/refold/eventstore/jetstream/internal/unfinished"
)

// TestRecord holds that a record is read as it was written, and that a change
// of any byte is noticed, but for the lengths within it, which no checksum covers.
func TestRecord(t *testing.T) {
	m := message{sequence: 7, batch: "b", place: 2, commit: "1"}
	text := encode("S", 3, m)
	sequence, size, headers, err := unfinished.Parse("S", 3, append(bytes.Clone(text), "rest"...))
	if err != nil || sequence != 7 || size != len(text) || string(headers) != m.headers() {
		t.Fatalf("sequence %d, size %d of %d, headers %q, %v", sequence, size, len(text), headers, err)
	}
	subject := 22 + len("infrastructure.compute.x.y")
	for i := range text {
		if i == 20 || i == 21 || i >= subject && i < subject+4 {
			continue
		}
		changed := bytes.Clone(text)
		changed[i] ^= 1
		if _, _, _, err := unfinished.Parse("S", 3, changed); !errors.Is(err, unfinished.ErrTorn) {
			t.Errorf("byte %d was changed: %v", i, err)
		}
	}
	for other, block := range map[string]int{"S": 2, "T": 3} {
		if _, _, _, err := unfinished.Parse(other, block, text); !errors.Is(err, unfinished.ErrTorn) {
			t.Errorf("read as of block %d of stream %s: %v", block, other, err)
		}
	}
}

// FuzzRecord holds that no text makes the parser go beyond it, and that what it
// takes for a record has the checksum of one.
func FuzzRecord(f *testing.F) {
	f.Add(encode("S", 1, message{sequence: 1}))
	f.Add(encode("S", 1, message{sequence: 2, batch: "b", place: 1}))
	f.Add(encode("S", 1, message{sequence: 3, batch: "b", place: 2, commit: "1"})[:70])
	f.Add(make([]byte, 64))
	f.Add(bytes.Repeat([]byte{0xff}, 64))
	f.Fuzz(func(t *testing.T, text []byte) {
		_, size, headers, err := unfinished.Parse("S", 1, text)
		if err != nil {
			if !errors.Is(err, unfinished.ErrTorn) {
				t.Fatal(err)
			}
			return
		}
		if size > len(text) || size < 30 || len(headers) > size-30 {
			t.Fatalf("a record of %d bytes with %d of headers in a text of %d", size, len(headers), len(text))
		}
		if _, _, _, err := unfinished.Parse("S", 1, text[:size-1]); err == nil {
			t.Fatal("the record is as sound without its last byte")
		}
	})
}

// FuzzHeaders holds that the headers of a record are what was written, and that
// any can be looked at.
func FuzzHeaders(f *testing.F) {
	f.Add(message{sequence: 2, batch: "b", place: 1, commit: "1"}.headers())
	f.Add("NATS/1.0\r\nNats-Batch-Id:\r\nNats-Batch-Sequence: x")
	f.Add("\r\nNats-Batch-Id: b\r\nNats-Batch-Sequence: 99999999999999999999\r\n")
	f.Fuzz(func(t *testing.T, headers string) {
		text := encodeRecord("S", 1, 5, headers)
		sequence, size, got, err := unfinished.Parse("S", 1, text)
		if err != nil || sequence != 5 || size != len(text) || string(got) != headers {
			t.Fatalf("sequence %d, size %d of %d, headers %q, %v", sequence, size, len(text), got, err)
		}
	})
}
