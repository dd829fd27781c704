package postgres

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/refold-dev/refold/plugins/rows"
)

const (
	// leastLoad is from how many whole rows on it pays to ask which are new.
	leastLoad = 512
	// unasked is how many batches are written without asking, after one whose rows
	// were mostly there already.
	unasked = 15
)

// copySignature begins a COPY in binary form: no flags, and no extension of the header.
var copySignature = []byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")

// load has the table take the rows that it lacks by COPY, which writes pages in the
// place of rows, and takes their writes off the list. It asks first which those are, but
// for keys that no row has been written of since the table was empty: nobody else writes
// it while the checkpoint's row is held.
func (s *session) load(ctx context.Context, t *table, least int) error {
	puts := t.puts()
	doubtful := t.doubtful(puts)
	if len(puts) < least {
		return nil
	}
	if t.unasked > 0 && len(doubtful) > len(puts)/2 {
		t.unasked--
		return nil
	}
	old, err := s.present(ctx, t, doubtful)
	if err != nil {
		return fmt.Errorf("table %s: look for rows: %w", t.Table.Name, err)
	}
	if len(old) > len(puts)/2 {
		t.unasked = unasked
		return nil
	}
	lacking := puts[:0]
	t.List = slices.DeleteFunc(t.List, func(w *rows.Write) bool {
		if w.Operation != rows.Put {
			return false
		}
		if len(old) > 0 && old[0] == w {
			old = old[1:]
			return false
		}
		lacking = append(lacking, w)
		return true
	})
	return s.copyRows(ctx, t, lacking)
}

func (t *table) puts() (puts []*rows.Write) {
	for _, w := range t.List {
		if w.Operation == rows.Put {
			puts = append(puts, w)
		}
	}
	return puts
}

// doubtful are those of the writes whose rows may be in the table, in their order, and
// remembers that all may be from now on.
func (t *table) doubtful(puts []*rows.Write) []*rows.Write {
	if t.seen == nil {
		return slices.Clone(puts)
	}
	var list []*rows.Write
	for _, w := range puts {
		if t.seen.full() {
			t.seen = nil
			return slices.Clone(puts)
		}
		if t.keyBuf = t.AppendKey(t.keyBuf[:0], w.Row); t.seen.add(t.keyBuf) {
			list = append(list, w)
		}
	}
	return list
}

// present are those of the writes whose rows the table has, in their order. Each key is
// looked for in the index by itself, whatever the server thinks of the table's size.
func (s *session) present(ctx context.Context, t *table, writes []*rows.Write) (old []*rows.Write, err error) {
	is := make([]bool, len(writes))
	text := fmt.Sprintf("SELECT u.nth FROM unnest(%s) WITH ORDINALITY AS u(%s, nth) CROSS JOIN LATERAL (SELECT FROM %s AS t WHERE %s LIMIT 1) AS found",
		parameters(len(t.Key)), strings.Join(t.quoted(t.Key), ", "), t.stored, t.sameKey("t", "u"))
	for first := 0; first < len(writes); {
		n := t.encode(t.Key, writes[first:])
		values, types := t.parameters(t.Key)
		binaryForm := []int16{pgtype.BinaryFormatCode}
		found := s.conn.PgConn().ExecParams(ctx, text, values, types, binaryForm, binaryForm)
		for found.NextRow() {
			is[first+int(binary.BigEndian.Uint64(found.Values()[0]))-1] = true
		}
		if _, err := found.Close(); err != nil {
			return nil, err
		}
		first += n
	}
	for i, w := range writes {
		if is[i] {
			old = append(old, w)
		}
	}
	return old, nil
}

// copyRows adds rows to a table that has none of their keys.
func (s *session) copyRows(ctx context.Context, t *table, writes []*rows.Write) error {
	text := fmt.Sprintf("COPY %s (%s) FROM STDIN (FORMAT binary)", t.stored, rows.QuoteAll(names(t.Table.Columns)))
	for len(writes) > 0 {
		n := t.encodeCopy(writes)
		writes = writes[n:]
		tag, err := s.conn.PgConn().CopyFrom(ctx, bytes.NewReader(t.copied), text)
		if err == nil {
			err = taken(n, int(tag.RowsAffected()))
		}
		if err != nil {
			return fmt.Errorf("table %s: %w", t.Table.Name, err)
		}
	}
	return nil
}

// encodeCopy makes as many rows as go in one statement what COPY reads.
func (t *table) encodeCopy(writes []*rows.Write) (n int) {
	t.copied = append(t.copied[:0], copySignature...)
	for ; n < len(writes) && len(t.copied) < maxStatement; n++ {
		t.copied = binary.BigEndian.AppendUint16(t.copied, uint16(len(writes[n].Row)))
		for _, v := range writes[n].Row {
			t.copied = appendValue(t.copied, v)
		}
	}
	t.copied = append(t.copied, 0xff, 0xff) // ends it
	return n
}
