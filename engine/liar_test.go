package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/sdk/frame"
)

// liar is a projection whose results are changed before the engine sees them.
type liar struct {
	engine.Plugin
	lie func(result []byte) []byte
}

func (l *liar) Fold(ctx context.Context, batch []byte) ([]byte, error) {
	result, err := l.Plugin.Fold(ctx, batch)
	if err != nil {
		return nil, err
	}
	return l.lie(bytes.Clone(result)), nil
}

// Offsets in a result, of its tables' offsets.
const (
	toGroupResults = 20
	toEffects      = 28
)

// write puts a number into a result, at an offset from a table.
func write(table, at int, value uint32) func([]byte) []byte {
	return func(result []byte) []byte {
		at := at + int(binary.LittleEndian.Uint32(result[table:]))
		binary.LittleEndian.PutUint32(result[at:], value)
		return result
	}
}

// A result that lies stops its pipeline before the batch, with an error that
// names plugin, pipeline and position. Nothing of it is believed: from where the
// pipeline stopped, an honest plugin goes on as if it had never been.
func TestLies(t *testing.T) {
	var all []event.Event
	for i := range 25 {
		all = append(all, told(i, fmt.Sprint(i%3), ""))
	}
	for name, lie := range map[string]func([]byte) []byte{
		"nothing":                         func([]byte) []byte { return nil },
		"cut short":                       func(b []byte) []byte { return b[:len(b)-8] },
		"a batch":                         func(b []byte) []byte { return append([]byte("RFB1"), b[4:]...) },
		"a group that it was not given":   write(toGroupResults, 0, 3),
		"a group twice":                   write(toGroupResults, 16, 0),
		"a state outside of the frame":    write(toGroupResults, 8, 1<<31),
		"a state of negative length":      write(toGroupResults, 12, 1<<32-1),
		"an effect of an event not given": write(toEffects, 8, 10),
		"an effect of a negative length":  write(toEffects, 0, 1<<32-8),
		"an effect whose name overlaps":   write(toEffects, 16, 0),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, newLog(t, all), fickle())
			r.opts.BatchSize = 10
			folds, honest := 0, false
			r.opts.OpenPlugin = func(ctx context.Context, spec config.Projection) (engine.Plugin, error) {
				p, err := openPlugin(ctx, spec)
				return &liar{p, func(result []byte) []byte {
					if folds++; folds == 2 && !honest {
						return lie(result)
					}
					return result
				}}, err
			}
			r.open()
			err := r.engine.CatchUp(t.Context())
			var fold *engine.FoldError
			var result *engine.ResultError
			var format *frame.FormatError
			if !errors.As(err, &fold) || fold.Pipeline != "fickle" || fold.Position != 11 ||
				!errors.As(err, &result) || result.Plugin != "fickle" || !errors.As(err, &format) {
				t.Fatalf("error %v", err)
			}
			r.close()
			honest, r.seen = true, newWitness()
			r.seen.strange = true
			r.open()
			r.catchUp()
			r.wantRows("counters", []string{"0|9|25", "1|8|23", "2|8|24"})
		})
	}
}
