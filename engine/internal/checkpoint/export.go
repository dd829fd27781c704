package checkpoint

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"
	"go.etcd.io/bbolt"
)

// exportMagic begins an export, behind which there is zstd: the contents as JSON, then
// entries, and at the end the SHA-256 of all of it. An entry is the number of its bucket,
// the lengths of key and value, and both as they are stored. maxEntry bounds a length.
const (
	exportMagic = "refold state 1\n"
	maxEntry    = 1 << 31
)

// exported are the buckets that an export has, by number; 0 is the contents', and the
// snapshot's is the one behind them.
var exported = [][]byte{bucketKeys, bucketParked, bucketWaiting, bucketLetters}

// Export writes all of what is committed, but for the roots before the last one, and
// returns its mark. It may be called beside who commits.
func (g *Generation) Export(w io.Writer) (m Mark, err error) {
	err = g.view(func(b *bbolt.Bucket) error {
		own := &Generation{store: g.store, number: g.number}
		if err := own.readMark(b); err != nil {
			return err
		}
		m = own.Mark()
		if _, err := io.WriteString(w, exportMagic); err != nil {
			return err
		}
		packed, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
		if err != nil {
			return err
		}
		e := exporter{bufio.NewWriterSize(packed, 1<<16), sha256.New()}
		return errors.Join(e.all(b), e.to.Flush(), packed.Close())
	})
	if err != nil {
		return m, fmt.Errorf("exporting generation %d: %w", g.number, err)
	}
	return m, nil
}

type exporter struct {
	to  *bufio.Writer
	sum hash.Hash
}

func (e *exporter) all(b *bbolt.Bucket) error {
	if err := e.entry(0, keyMark, b.Get(keyMark)); err != nil {
		return err
	}
	for i, name := range exported {
		in := b.Bucket(name)
		if in == nil {
			continue
		}
		err := in.ForEach(func(k, v []byte) error { return e.entry(byte(i+1), k, v) })
		if err != nil {
			return err
		}
	}
	if snapshot := b.Get(keySnapshot); snapshot != nil {
		if err := e.entry(byte(len(exported)+1), keySnapshot, snapshot); err != nil {
			return err
		}
	}
	sum := e.sum.Sum(nil)
	return e.entry(0xff, nil, sum)
}

func (e *exporter) entry(bucket byte, key, value []byte) error {
	head := [9]byte{0: bucket}
	binary.LittleEndian.PutUint32(head[1:], uint32(len(key)))
	binary.LittleEndian.PutUint32(head[5:], uint32(len(value)))
	var err error
	for _, part := range [][]byte{head[:], key, value} {
		e.sum.Write(part)
		if err == nil {
			_, err = e.to.Write(part)
		}
	}
	return err
}

// ErrExport is what is no export, or not all of one.
var ErrExport = errors.New("it is not what was written")

// Import makes a generation of what another one has exported, with that one's number. The
// error is ErrExport if that is not what was written; the store is of no use then.
func (s *Store) Import(r io.Reader, number uint64) (*Generation, error) {
	g := &Generation{store: s, number: number}
	err := s.update(func(tx *bbolt.Tx) error {
		root := tx.Bucket(bucketRoot)
		if err := errors.Join(root.SetSequence(max(root.Sequence(), number)), putNumber(root, keyActive, number)); err != nil {
			return err
		}
		b, err := root.CreateBucket(bucketName(number))
		if err != nil {
			return err
		}
		if _, err := b.CreateBucket(bucketKeys); err != nil {
			return err
		}
		if err := importAll(b, r); err != nil {
			return err
		}
		if err := g.readMark(b); err != nil {
			return err
		}
		if err := g.checkRoot(b); err != nil {
			return err
		}
		g.kept.Proof.Roots = tally{} // which stay where it was
		return putMark(b, g.kept)
	})
	if err == nil {
		_, snapshot := g.Snapshot()
		err = errors.Join(g.Verify(), snapshot)
	}
	if err != nil {
		return nil, fmt.Errorf("importing a state: %w", err)
	}
	return g, nil
}

func importAll(b *bbolt.Bucket, r io.Reader) error {
	magic := make([]byte, len(exportMagic))
	if _, err := io.ReadFull(r, magic); err != nil || string(magic) != exportMagic {
		return ErrExport
	}
	packed, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer packed.Close()
	i := importer{from: bufio.NewReaderSize(packed, 1<<16), sum: sha256.New()}
	for {
		last, err := i.entry(b)
		if err != nil || last {
			return err
		}
	}
}

type importer struct {
	from io.Reader
	sum  hash.Hash
}

// entry takes an entry over, or checks the sum, which is the last one.
func (i *importer) entry(b *bbolt.Bucket) (last bool, err error) {
	sum := i.sum.Sum(nil)
	var head [9]byte
	if err := i.read(head[:]); err != nil {
		return false, err
	}
	key, err := i.text(binary.LittleEndian.Uint32(head[1:]))
	if err != nil {
		return false, err
	}
	value, err := i.text(binary.LittleEndian.Uint32(head[5:]))
	if err != nil {
		return false, err
	}
	switch bucket := int(head[0]); {
	case bucket == 0xff:
		if !bytes.Equal(value, sum) {
			return false, ErrExport
		}
		return true, nil
	case bucket == 0 && bytes.Equal(key, keyMark), bucket == len(exported)+1 && bytes.Equal(key, keySnapshot):
		return false, b.Put(key, value)
	case bucket >= 1 && bucket <= len(exported) && len(key) > 0:
		in, err := b.CreateBucketIfNotExists(exported[bucket-1])
		if err != nil {
			return false, err
		}
		in.FillPercent = 1 // they come in order
		return false, in.Put(key, value)
	}
	return false, ErrExport
}

func (i *importer) read(into []byte) error {
	if _, err := io.ReadFull(i.from, into); err != nil {
		return fmt.Errorf("%w: %w", ErrExport, err)
	}
	i.sum.Write(into)
	return nil
}

// text reads so many bytes, which need not be there, so that they are not believed
// before they are.
func (i *importer) text(n uint32) ([]byte, error) {
	if n >= maxEntry {
		return nil, ErrExport
	}
	var b bytes.Buffer
	if _, err := io.CopyN(&b, i.from, int64(n)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrExport, err)
	}
	i.sum.Write(b.Bytes())
	return b.Bytes(), nil
}
