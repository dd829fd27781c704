package file

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"

	"github.com/refold-dev/refold/domain/event"
)

// format is the version of the ledger.
const format = 1

// ledger is what a folder knows of its generations.
type ledger struct {
	Format   int    `json:"format"`
	Pipeline string `json:"pipeline"`
	// Epoch is that of the last opening. It never goes back, so that a generation that
	// is discarded and begun anew does not meet its own past.
	Epoch       int64          `json:"epoch"`
	Generations map[int64]mark `json:"generations"`
}

// mark is how far a generation has come.
type mark struct {
	Epoch    int64          `json:"epoch"` // of its last opening
	Position event.Position `json:"position"`
	File     int            `json:"file"`   // the number of the last one, from 1
	Length   int64          `json:"length"` // of that file, in bytes, as far as it counts
}

// sealed is the ledger as it is kept: with the CRC-32C of its JSON without spaces,
// since what it says decides which lines are cut off.
type sealed struct {
	Ledger json.RawMessage `json:"ledger"`
	CRC32C uint32          `json:"crc32c"`
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal is the ledger's text.
func (l *ledger) seal() ([]byte, error) {
	text, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	text, err = json.MarshalIndent(sealed{text, crc32.Checksum(text, castagnoli)}, "", "  ")
	return append(text, '\n'), err
}

// unseal reads a ledger's text.
func unseal(text []byte) (*ledger, error) {
	var s sealed
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, s.Ledger); err != nil {
		return nil, err
	}
	if crc32.Checksum(compact.Bytes(), castagnoli) != s.CRC32C {
		return nil, errors.New("it is not what was written: its CRC-32C differs")
	}
	var l ledger
	if err := json.Unmarshal(s.Ledger, &l); err != nil {
		return nil, err
	}
	for g, m := range l.Generations {
		if m.File < 1 || m.Length < 0 {
			return nil, fmt.Errorf("generation %d has come to byte %d of file %d", g, m.Length, m.File)
		}
	}
	if l.Generations == nil {
		l.Generations = map[int64]mark{}
	}
	return &l, nil
}

// readLedger reads the ledger; that of a folder without one is new.
func (d folder) readLedger(pipeline string) (*ledger, error) {
	text, err := os.ReadFile(d.path(ledgerName))
	if errors.Is(err, fs.ErrNotExist) {
		return d.newLedger(pipeline)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the ledger: %w", err)
	}
	l, err := unseal(text)
	if err != nil {
		return nil, fmt.Errorf("the ledger %s is damaged: %w: put it back, or remove the whole folder, to have all of it written anew", d.path(ledgerName), err)
	}
	switch {
	case l.Format != format:
		return nil, fmt.Errorf("the ledger %s has format %d, this program knows format %d", d.path(ledgerName), l.Format, format)
	case l.Pipeline != pipeline:
		return nil, fmt.Errorf("the folder %s belongs to pipeline %s: name another one", d, l.Pipeline)
	}
	return l, nil
}

func (d folder) newLedger(pipeline string) (*ledger, error) {
	name, err := d.stranger()
	if err != nil {
		return nil, err
	}
	if name != "" {
		return nil, fmt.Errorf("the folder %s has %s in it, and no %s: name an empty or a new folder", d, name, ledgerName)
	}
	return &ledger{Format: format, Pipeline: pipeline, Generations: map[int64]mark{}}, nil
}

// write replaces the ledger, in one step.
func (d folder) write(l *ledger) error {
	text, err := l.seal()
	if err != nil {
		return err
	}
	fresh := d.path(ledgerName + newSuffix)
	f, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("writing the ledger: %w", err)
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(fresh, d.path(ledgerName))
	}
	if err != nil {
		_ = os.Remove(fresh) // it counts for nothing, and is written over
		return fmt.Errorf("writing the ledger: %w", err)
	}
	return syncFolder(string(d))
}
