package archive

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/archive/internal/vfs"
)

// seeds returns the files of a small archive, with all their checksums.
func seeds(f *testing.F, suffix string) [][]byte {
	f.Helper()
	fs := vfs.NewMem()
	a := mustOpen(f, fs, tiny)
	write(f, a, makeLog(14))
	mustClose(f, a)
	names, err := fs.List()
	if err != nil {
		f.Fatal(err)
	}
	var out [][]byte
	for _, name := range names {
		if _, ok := parseName(name, suffix); ok {
			out = append(out, readFile(f, fs, name))
		}
	}
	return out
}

// FuzzBlock opens blocks, signed anew, so that what is behind the checksum is
// reached.
func FuzzBlock(f *testing.F) {
	for _, b := range seeds(f, segmentSuffix) {
		h, err := parseBlockHeader(b[segmentHeaderSize:])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[segmentHeaderSize : segmentHeaderSize+h.length])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < blockHeaderSize {
			return
		}
		le.PutUint32(b[12:], uint32(len(b)))
		sign(b, blockMagic)
		k, err := openBlock(b)
		if err != nil {
			return
		}
		events := k.events(nil, interner{}, func(record) bool { return true })
		if len(events) != int(k.count) || events[0].Position != k.first {
			t.Fatalf("%d events from position %d, want %d from %d", len(events), events[0].Position, k.count, k.first)
		}
		for r := range k.records() {
			if _, err := parseRecord(r.record); err != nil {
				t.Fatalf("a record of a sound frame: %v", err)
			}
		}
	})
}

// FuzzRecord decodes records by themselves.
func FuzzRecord(f *testing.F) {
	for _, b := range seeds(f, segmentSuffix) {
		k, err := openBlock(b[segmentHeaderSize : segmentHeaderSize+le.Uint32(b[segmentHeaderSize+12:])])
		if err != nil {
			f.Fatal(err)
		}
		for r := range k.records() {
			f.Add([]byte(r.record))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		rec, err := parseRecord(b)
		if err != nil {
			return
		}
		if e := rec.event("t", "a"); len(e.Data)+len(e.Metadata) > 2*len(b) {
			t.Fatalf("data of %d bytes in a record of %d", len(e.Data), len(b))
		}
	})
}

// FuzzSegment opens an archive of one segment of any bytes.
func FuzzSegment(f *testing.F) {
	for _, b := range seeds(f, segmentSuffix) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		fs := vfs.NewMem()
		if _, err := fs.Create(segmentName(1)); err != nil {
			t.Fatal(err)
		}
		overwrite(t, fs, segmentName(1), b)
		opts := tiny
		opts.Heal = true
		a, err := open(fs, opts)
		if err != nil {
			var digest *DigestError
			var format *FormatError
			if !errors.As(err, &digest) && !errors.As(err, &format) {
				t.Fatalf("open: %v", err)
			}
			return
		}
		if _, err := a.Heal(t.Context()); err != nil {
			t.Fatalf("heal: %v", err)
		}
		all, err := a.ReadAll(1, 1000)
		if err != nil || len(all) != int(a.Head()) {
			t.Fatalf("%d events of %d, %v", len(all), a.Head(), err)
		}
		mustClose(t, a)
	})
}

// FuzzIndex looks things up in index files whose header is signed anew.
func FuzzIndex(f *testing.F) {
	for _, b := range seeds(f, indexSuffix) {
		f.Add(b, uint16(0), byte(0))
		f.Add(b, uint16(indexHeaderSize+40), byte(1))
	}
	log := makeLog(14)
	f.Fuzz(func(t *testing.T, b []byte, at uint16, change byte) {
		if len(b) < indexHeaderSize {
			return
		}
		b[int(at)%len(b)] ^= change
		sign(b[:indexHeaderSize], indexMagic)
		resign(b)
		fs := vfs.NewMem()
		file, err := fs.Create("x")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write(b); err != nil {
			t.Fatal(err)
		}
		x, err := openIndex(file, "x"+indexSuffix)
		if err != nil {
			wantDamage(t, err)
			return
		}
		lookEverythingUp(t, x, log)
	})
}

// resign makes the checksums of all tables right, if the header says where they
// are.
func resign(b []byte) {
	h, err := parseIndexHeader(b[:indexHeaderSize])
	if err != nil {
		return
	}
	t, size := h.layout()
	if size != int64(len(b)) {
		return
	}
	for _, t := range []table{t.names, t.events, t.blocks, t.types, t.aggFence, t.aggregates, t.aggEvents, t.corFence, t.correlations, t.corEvents, t.idFence, t.ids} {
		entries := b[t.at : t.at+t.size()]
		plain := make([]byte, 0, len(entries))
		for run := range t.runs() {
			full := int(t.run*t.width) + checksumSize
			one := entries[int(run)*full : min((int(run)+1)*full, len(entries))]
			plain = append(plain, one[:len(one)-checksumSize]...)
		}
		copy(entries, t.put(nil, plain))
	}
}

func lookEverythingUp(t *testing.T, x *fileIndex, log sliceLog) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			wantDamage(t, err)
		}
	}
	postingsOf := func(p postings, ok bool, err error) {
		check(err)
		if !ok || err != nil {
			return
		}
		list, err := x.list(p, 0)
		check(err)
		for _, e := range list {
			_ = x.name(e.eventType) + x.name(e.aggregateType)
		}
	}
	for i := range log {
		postingsOf(x.aggregate(log[i].Aggregate))
		postingsOf(x.correlation(log[i].CorrelationID))
		_, _, err := x.find(log[i].ID)
		check(err)
	}
	check(x.blocks(0, func(b blockEntry) bool {
		_, err := x.blockTypes(b)
		check(err)
		return true
	}))
	_, _, err := x.aggregate(event.Aggregate{})
	check(err)
}

// FuzzHeaders reads headers, signed anew: what is accepted is written as it was,
// but for the bytes that mean nothing.
func FuzzHeaders(f *testing.F) {
	for _, b := range seeds(f, segmentSuffix) {
		f.Add(b[:segmentHeaderSize])
		f.Add(b[segmentHeaderSize : segmentHeaderSize+blockHeaderSize])
		f.Add(b[len(b)-blockHeaderSize:])
	}
	for _, b := range seeds(f, indexSuffix) {
		f.Add(b[:indexHeaderSize])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < indexHeaderSize {
			return
		}
		b = b[:indexHeaderSize]
		magic := le.Uint32(b)
		le.PutUint16(b[10:], 0)
		clear(b[12:16])
		segment := slices.Clone(b[:segmentHeaderSize])
		clear(segment[88:])
		sign(segment, segmentMagic)
		if h, err := parseSegmentHeader(segment); err == nil && !bytes.Equal(h.append(nil), segment) {
			t.Fatalf("segment header %x is written as %x", segment, h.append(nil))
		}
		seal := slices.Clone(b[:blockHeaderSize])
		le.PutUint32(seal, magic)
		le.PutUint32(seal[12:], blockHeaderSize)
		clear(seal[28:32])
		sign(seal, sealMagic)
		if h, err := parseBlockHeader(seal); err == nil {
			again := make([]byte, blockHeaderSize)
			if h.put(again); !bytes.Equal(again, seal) {
				t.Fatalf("seal %x is written as %x", seal, again)
			}
		}
		sign(b, indexMagic)
		if h, err := parseIndexHeader(b); err == nil {
			if _, size := h.layout(); size < indexHeaderSize {
				t.Fatalf("index header %x: a file of %d bytes", b, size)
			}
		}
	})
}

// FuzzName holds that a file has the name of a segment or index, or is not one.
func FuzzName(f *testing.F) {
	for _, name := range []string{segmentName(1), indexName(1 << 60), "seg-.rfa", "seg-+0000000000000000001.rfa", "seg-99999999999999999999.rfa", "archive.lock"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if first, ok := parseName(name, segmentSuffix); ok && segmentName(first) != name {
			t.Fatalf("%q is taken for %q", name, segmentName(first))
		}
		if first, ok := parseName(name, indexSuffix); ok && indexName(first) != name {
			t.Fatalf("%q is taken for %q", name, indexName(first))
		}
	})
}

// FuzzSignedSegment opens an archive of one segment whose checksums and chain
// are right, whatever is in its blocks: what it reads is whole, and a copy of it
// is the same.
func FuzzSignedSegment(f *testing.F) {
	for _, b := range seeds(f, segmentSuffix) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < segmentHeaderSize {
			return
		}
		signSegment(b)
		fs := vfs.NewMem()
		if _, err := fs.Create(segmentName(1)); err != nil {
			t.Fatal(err)
		}
		overwrite(t, fs, segmentName(1), b)
		opts := tiny
		opts.Heal = true
		a, err := open(fs, opts)
		if err != nil {
			t.Fatalf("open: %v", err)
		}
		if _, err := a.Heal(t.Context()); err != nil {
			t.Fatalf("heal: %v", err)
		}
		all, err := a.ReadAll(1, 1000)
		if err != nil || len(all) != int(a.Head()) {
			t.Fatalf("%d events of %d, %v", len(all), a.Head(), err)
		}
		if r, err := a.Verify(t.Context()); err != nil || r.Head != a.Head() {
			t.Fatalf("verify: %+v, %v", r, err)
		}
		lookAround(t, a, all)
		mustClose(t, a)
	})
}

// signSegment makes the header's, the blocks' and the seal's checksums right,
// and the chain.
func signSegment(b []byte) {
	clear(b[24:56])
	digest := tiny.Catalog.Digest()
	copy(b[56:88], digest[:])
	le.PutUint64(b[16:], 1)
	sign(b[:segmentHeaderSize], segmentMagic)
	var c chain
	for b = b[segmentHeaderSize:]; len(b) >= blockHeaderSize; {
		length := min(max(int(le.Uint32(b[12:])), blockHeaderSize), len(b))
		magic := uint32(blockMagic)
		if length == blockHeaderSize {
			magic = sealMagic
		} else {
			c = c.next(b[blockHeaderSize:length])
		}
		le.PutUint32(b[12:], uint32(length))
		copy(b[48:], c[:])
		sign(b[:length], magic)
		b = b[length:]
	}
}

// lookAround reads everything in each way.
func lookAround(t *testing.T, a *Archive, all []event.Recorded) {
	t.Helper()
	for i := range all {
		r := &all[i]
		if _, ok, err := a.Find(r.ID); !ok || err != nil {
			t.Fatalf("Find of position %d: %v, %v", r.Position, ok, err)
		}
		if got, err := a.Correlation(r.CorrelationID); err != nil || len(got) == 0 {
			t.Fatalf("Correlation of position %d: %d events, %v", r.Position, len(got), err)
		}
		if got, err := a.TimeRange(r.Time, r.Time); err != nil || len(got) == 0 {
			t.Fatalf("TimeRange of position %d: %d events, %v", r.Position, len(got), err)
		}
		if _, err := a.Aggregate(r.Aggregate, 1); err != nil {
			t.Fatalf("Aggregate of position %d: %v", r.Position, err)
		}
	}
}
