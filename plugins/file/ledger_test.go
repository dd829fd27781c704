package file

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
)

// TestLedgerIsReadAsWritten, and no other text is read as one.
func TestLedgerIsReadAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		marks := rapid.MapOf(rapid.Int64(), rapid.Custom(func(t *rapid.T) mark {
			return mark{
				Epoch: rapid.Int64().Draw(t, "epoch"), Position: event.Position(rapid.Uint64().Draw(t, "position")),
				File: rapid.IntMin(1).Draw(t, "file"), Length: rapid.Int64Min(0).Draw(t, "length"),
			}
		}))
		l := &ledger{Format: format, Pipeline: rapid.String().Draw(t, "pipeline"), Epoch: rapid.Int64().Draw(t, "epoch"), Generations: marks.Draw(t, "generations")}
		text, err := l.seal()
		if err != nil {
			t.Fatal(err)
		}
		got, err := unseal(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(l, got); diff != "" {
			t.Errorf("(-written +read):\n%s", diff)
		}
		at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		flipped := bytes.Clone(text)
		flipped[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if got, err := unseal(flipped); err == nil && !cmp.Equal(l, got) {
			t.Errorf("%s is read as %+v", flipped, got)
		}
	})
}

// TestLaterLedger is one that this program does not know.
func TestLaterLedger(t *testing.T) {
	d := folder(t.TempDir())
	if err := d.write(&ledger{Format: 2, Pipeline: "notes"}); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Config{Folder: string(d)}, "notes", 1); err == nil || !bytes.Contains([]byte(err.Error()), []byte("has format 2, this program knows format 1")) {
		t.Errorf("got error %v, want one about the format", err)
	}
}

// FuzzLedger: whatever stands in a ledger, also under a sound checksum, it is read as
// one that makes sense, or refused.
func FuzzLedger(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `[]`, `{"format":1,"pipeline":"notes","epoch":1,"generations":{"1":{"epoch":1,"position":0,"file":1,"length":0}}}`,
		`{"generations":{"1":{"file":0}}}`, `{"generations":{"-1":{"file":1,"length":-1}}}`, `{"generations":{"x":null}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var compact bytes.Buffer
		_ = json.Compact(&compact, text) // what is no JSON is refused anyway
		under := fmt.Sprintf(`{"ledger":%s,"crc32c":%d}`, text, crc32.Checksum(compact.Bytes(), castagnoli))
		for _, written := range []string{string(text), under} {
			l, err := unseal([]byte(written))
			if err != nil {
				continue
			}
			for g, m := range l.Generations {
				if m.File < 1 || m.Length < 0 {
					t.Errorf("%s is read, with generation %d at %+v", written, g, m)
				}
			}
		}
	})
}
