package blocks_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/eventstore/jetstream/internal/blocks"
	"github.com/refold-dev/refold/eventstore/jetstream/internal/blocks/blockstest"
)

// write makes a stream of blocks with messages from sequence 1 on, and returns
// the folder of all streams.
func write(t interface{ Fatal(...any) }, root string, perBlock []int) (texts [][]byte) {
	dir := filepath.Join(root, "S", "msgs")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	sequence := uint64(0)
	for i, n := range perBlock {
		var text []byte
		for range n {
			sequence++
			text = append(text, blockstest.Encode("S", i+1, sequence, strings.Repeat("h", int(sequence%100)))...)
		}
		if err := os.WriteFile(blocks.Path(dir, i+1), text, 0o600); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	return texts
}

// read returns the sequences that can be read from one on.
func read(t interface{ Fatal(...any) }, root string, next uint64, max int) (sequences []uint64) {
	r, err := blocks.NewReader(root, "S", next)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		records, err := r.Next(nil, max)
		if errors.Is(err, io.EOF) {
			return sequences
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(records) == 0 || len(records) > max {
			t.Fatal(len(records), "records at once")
		}
		for _, record := range records {
			if string(record.Subject) != blockstest.Subject || string(record.Body) != blockstest.Body {
				t.Fatal("another message:", record)
			}
			sequences = append(sequences, record.Sequence)
		}
	}
}

func upTo(from, to uint64) (out []uint64) {
	for n := from; n <= to; n++ {
		out = append(out, n)
	}
	return out
}

// TestReader holds that all messages are read from any sequence on, over blocks
// of any size, and that what is damaged is where reading ends.
func TestReader(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		root, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		perBlock := rapid.SliceOfN(rapid.IntRange(1, 60), 1, 5).Draw(rt, "messages per block")
		texts := write(rt, root, perBlock)
		all := 0
		for _, n := range perBlock {
			all += n
		}
		next := uint64(rapid.IntRange(1, all).Draw(rt, "from"))
		max := rapid.IntRange(1, 70).Draw(rt, "at once")
		if got, want := read(rt, root, next, max), upTo(next, uint64(all)); !slices.Equal(got, want) {
			rt.Fatalf("from %d of %d: %d", next, all, got)
		}
		block := rapid.IntRange(1, len(texts)).Draw(rt, "damaged block")
		text := texts[block-1]
		if rapid.Bool().Draw(rt, "cut") {
			text = text[:rapid.IntRange(0, len(text)-1).Draw(rt, "length")]
		} else {
			text[rapid.IntRange(4, 11).Draw(rt, "byte")] ^= 1 // of the first sequence
		}
		if err := os.WriteFile(blocks.Path(filepath.Join(root, "S", "msgs"), block), text, 0o600); err != nil {
			rt.Fatal(err)
		}
		before := 0
		for _, n := range perBlock[:block] {
			before += n
		}
		got := read(rt, root, next, max)
		if want := upTo(next, uint64(all)); len(got) > len(want) || !slices.Equal(got, want[:len(got)]) {
			rt.Fatalf("from %d of %d with damage: %d", next, all, got)
		}
		if next <= uint64(before) && len(got) > 0 && got[len(got)-1] >= uint64(before) {
			rt.Fatalf("block %d of %d is damaged, and %d were read", block, perBlock, got)
		}
	})
}

// TestReaderOfLargeBlock reads a block of many chunks, the last one behind a
// torn end.
func TestReaderOfLargeBlock(t *testing.T) {
	root := t.TempDir()
	write(t, root, []int{20_000, 3})
	if got := read(t, root, 1, 1024); !slices.Equal(got, upTo(1, 20_003)) {
		t.Fatalf("%d were read", len(got))
	}
	path := blocks.Path(filepath.Join(root, "S", "msgs"), 2)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(blockstest.Encode("S", 2, 20_004, "")[:40]); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, root, 19_990, 1024); !slices.Equal(got, upTo(19_990, 20_003)) {
		t.Fatalf("%d", got)
	}
	if got := read(t, root, 20_004, 1024); got != nil {
		t.Fatalf("%d", got)
	}
}
