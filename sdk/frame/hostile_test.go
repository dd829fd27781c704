package frame_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/framejson"
)

// poke is a u32 written into a frame. at is an offset in the frame or, with
// from, in the record whose offset the u32 at from holds.
type poke struct {
	from, at int
	value    uint32
}

func (p poke) into(b []byte) {
	at := p.at
	if p.from > 0 {
		at += int(binary.LittleEndian.Uint32(b[p.from:]))
	}
	binary.LittleEndian.PutUint32(b[at:], p.value)
}

const (
	toGroups = 20
	toTypes  = 28
	toEvents = 40
	groups   = 20
	effects  = 28
)

// mutant is a valid frame with some u32s written over, and what the error must
// say.
type mutant struct {
	name  string
	pokes []poke
	want  string
}

var hostileBatches = []mutant{
	{"magic", []poke{{0, 0, 0x31524652}}, "magic"},
	{"length over the bytes", []poke{{0, 4, 1 << 20}}, "length"},
	{"length over 64 MiB", []poke{{0, 4, 1<<26 + 8}}, "64 MiB"},
	{"length under the header", []poke{{0, 4, 63}}, "length"},
	{"version 0", []poke{{0, 8, 0}}, "version"},
	{"version 2", []poke{{0, 8, 2}}, "version"},
	{"event count too small", []poke{{0, 12, 3}}, "those that the groups name"},
	{"event count too large", []poke{{0, 12, 5}}, "those that the groups name"},
	{"group count wraps 32 bits", []poke{{0, 16, 1 << 27}}, "group table"},
	{"group count of 2^32-1", []poke{{0, 16, 1<<32 - 1}}, "group table"},
	{"no groups", []poke{{0, 16, 0}}, "those that the groups name"},
	{"groups at 2^32-8", []poke{{0, 20, 1<<32 - 8}}, "group table"},
	{"groups unaligned", []poke{{0, 20, 65}}, "group table"},
	{"groups in the header", []poke{{0, 20, 8}}, "group table"},
	{"type count wraps 32 bits", []poke{{0, 24, 1 << 29}}, "event type table"},
	{"types at 2^32-8", []poke{{0, 28, 1<<32 - 8}}, "event type table"},
	{"aggregate type count wraps 32 bits", []poke{{0, 32, 1<<29 + 1}}, "aggregate type table"},
	{"events at 2^32-64", []poke{{0, 40, 1<<32 - 64}}, "events"},
	{"events unaligned", []poke{{0, 40, 68}}, "events"},
	{"events nowhere, of no length", []poke{{0, 40, 1<<32 - 8}, {0, 44, 0}}, "does not follow"},
	{"events length wraps 32 bits", []poke{{0, 44, 1<<32 - 8}}, "events"},
	{"events length cut", []poke{{0, 44, 128}}, "length"},
	{"slots wrap 32 bits", []poke{{0, 48, 1 << 28}}, "too many slots"},
	{"slots over the record", []poke{{0, 48, 100}}, "slots outside"},
	{"name outside", []poke{{toTypes, 0, 1<<32 - 1}}, "name outside"},
	{"name's end wraps 32 bits", []poke{{toTypes, 4, 1<<32 - 8}}, "name outside"},
	{"key in the header", []poke{{toGroups, 0, 0}}, "key or a state"},
	{"key's end wraps 32 bits", []poke{{toGroups, 4, 1<<32 - 64}}, "key or a state"},
	{"state outside", []poke{{toGroups, 8, 1 << 31}}, "key or a state"},
	{"first event", []poke{{toGroups, 20, 1}}, "does not follow"},
	{"group takes its neighbour's event", []poke{{toGroups, 24, 3}}, "does not follow"},
	{"group's event count of 2^32-1", []poke{{toGroups, 24, 1<<32 - 1}}, "shorter than its header"},
	{"group's events elsewhere", []poke{{toGroups, 28, 72}}, "does not follow"},
	{"groups share events", []poke{{toGroups, 32 + 28, 64}}, "does not follow"},
	{"event of no length", []poke{{toEvents, 0, 0}}, "length"},
	{"event length unaligned", []poke{{toEvents, 0, 132}}, "length"},
	{"event length over the events", []poke{{toEvents, 0, 1<<32 - 8}}, "length"},
	{"event type", []poke{{toEvents, 96, 2}}, "type index"},
	{"aggregate type", []poke{{toEvents, 100, 1}}, "type index"},
	{"slots unaligned", []poke{{toEvents, 108, 132}}, "slots outside"},
	{"slots in the envelope", []poke{{toEvents, 108, 8}}, "slots outside"},
	{"slots at 2^32-8", []poke{{toEvents, 108, 1<<32 - 8}}, "slots outside"},
	{"data outside", []poke{{toEvents, 112, 1 << 16}}, "data outside"},
	{"data in the envelope", []poke{{toEvents, 112, 0}}, "data outside"},
	{"data's end wraps 32 bits", []poke{{toEvents, 116, 1<<32 - 128}}, "data outside"},
	{"metadata outside", []poke{{toEvents, 120, 1 << 16}, {toEvents, 124, 1}}, "metadata outside"},
	{"slot kind", []poke{{toEvents, 128, 9}}, "unknown kind"},
	{"slot value over 32 bits", []poke{{toEvents, 144 + 12, 1}}, "slot outside"},
	{"slot value outside", []poke{{toEvents, 144 + 8, 1 << 25}}, "slot outside"},
	{"slot length", []poke{{toEvents, 144 + 4, 1<<32 - 1}}, "slot outside"},
	{"UUID of 4 bytes", []poke{{toEvents, 144, uint32(frame.UUID)}}, "16 bytes"},
}

func TestOpenBatchRefuses(t *testing.T) {
	valid := mustFrame(t, sample(4))
	for _, tt := range hostileBatches {
		t.Run(tt.name, func(t *testing.T) {
			b := slices.Clone(valid)
			for _, p := range tt.pokes {
				p.into(b)
			}
			_, err := frame.OpenBatch(b)
			wantFormatError(t, err, tt.want)
		})
	}
}

var hostileResults = []mutant{
	{"magic", []poke{{0, 0, 0x31424652}}, "magic"},
	{"version", []poke{{0, 8, 7}}, "version"},
	{"length", []poke{{0, 4, 40}}, "length"},
	{"status", []poke{{0, 12, 2}}, "status"},
	{"rejects a strange event", []poke{{0, 12, 1}, {0, 32, 4}}, "rejects an event"},
	{"reason outside", []poke{{0, 12, 1}, {0, 36, 1 << 20}, {0, 40, 1}}, "reason outside"},
	{"rejected with groups", []poke{{0, 12, 1}, {0, 20, 1 << 31}, {0, 24, 0}}, "is rejected, yet"},
	{"rejected with effects", []poke{{0, 12, 1}, {0, 16, 0}, {0, 28, 1 << 31}}, "is rejected, yet"},
	{"group count wraps 32 bits", []poke{{0, 16, 1 << 28}}, "group result table"},
	{"group results unaligned", []poke{{0, 20, 52}}, "group result table"},
	{"strange group", []poke{{groups, 16, 2}}, "does not have"},
	{"group twice", []poke{{groups, 16, 0}}, "repeats a group"},
	{"disposition", []poke{{groups, 4, 3}}, "disposition"},
	{"state outside", []poke{{groups, 12, 1<<32 - 8}}, "state outside"},
	{"effect count too large", []poke{{0, 24, 1 << 31}}, "effect"},
	{"effects unaligned", []poke{{0, 28, 49}}, "effects"},
	{"effects at 2^32-8", []poke{{0, 28, 1<<32 - 8}}, "does not fit"},
	{"effects in the header", []poke{{0, 28, 0}}, "effects"},
	{"effect of no length", []poke{{effects, 0, 0}}, "length"},
	{"effect length", []poke{{effects, 0, 1<<32 - 8}}, "length"},
	{"effect kind 0", []poke{{effects, 4, 0}}, "kind"},
	{"effect kind 7", []poke{{effects, 4, 7}}, "kind"},
	{"effect level", []poke{{effects, 4, 5 | 4<<16}}, "level"},
	{"effect cause", []poke{{effects, 8, 4}}, "cause"},
	{"effects out of order", []poke{{effects, 8, 3}}, "earlier event"},
	{"name outside", []poke{{effects, 16, 1 << 12}}, "text outside"},
	{"key's end wraps 32 bits", []poke{{effects, 28, 1<<32 - 48}}, "text outside"},
	{"body in the record's header", []poke{{effects, 32, 0}}, "text outside"},
}

func TestOpenResultRefuses(t *testing.T) {
	batch, valid := sampleResult(t)
	for _, tt := range hostileResults {
		t.Run(tt.name, func(t *testing.T) {
			b := slices.Clone(valid)
			for _, p := range tt.pokes {
				p.into(b)
			}
			_, err := frame.OpenResult(b, batch)
			wantFormatError(t, err, tt.want)
		})
	}
}

func TestUnkeyedGroupHasNoState(t *testing.T) {
	b := sample(2)
	b.Groups[0].Key, b.Groups[0].State = nil, nil
	_, f := sampleResult(t)
	_, err := frame.OpenResult(f, mustOpen(t, mustFrame(t, b)))
	wantFormatError(t, err, "unkeyed group")
}

func TestTruncatedFramesAreRefused(t *testing.T) {
	b := mustFrame(t, sample(4))
	batch, r := sampleResult(t)
	for n := range b {
		if _, err := frame.OpenBatch(b[:n:n]); err == nil {
			t.Fatalf("a batch cut to %d of %d bytes is accepted", n, len(b))
		}
	}
	for n := range r {
		if _, err := frame.OpenResult(r[:n:n], batch); err == nil {
			t.Fatalf("a result cut to %d of %d bytes is accepted", n, len(r))
		}
	}
}

// sampleResult is a result of sample(4), and the batch it belongs to.
func sampleResult(t testing.TB) (frame.Batch, []byte) {
	t.Helper()
	state := framejson.Text(`{"additions":5}`)
	effect := framejson.Effect{Kind: "update", Name: framejson.Text("dirs"), Key: framejson.Text("docs"), Body: framejson.Text(`{"n":1}`)}
	later := effect
	later.Cause = 2
	return mustOpen(t, mustFrame(t, sample(4))), mustFrame(t, framejson.Result{
		Groups:  []framejson.GroupResult{{Group: 0, Disposition: "set", State: &state}, {Group: 1, Disposition: "remove"}},
		Effects: []framejson.Effect{effect, later},
	})
}

func wantFormatError(t *testing.T, err error, reason string) {
	t.Helper()
	var format *frame.FormatError
	if !errors.As(err, &format) {
		t.Fatalf("error is %v, want a FormatError", err)
	}
	if !strings.Contains(err.Error(), reason) {
		t.Errorf("error is %q, want it to say %q", err, reason)
	}
}

func TestTrustBatch(t *testing.T) {
	var w frame.BatchWriter
	w.Reset(nil, 0)
	w.BeginUnkeyed()
	w.AddEvent(&frame.Event{Position: 7, Type: "a", AggregateType: "b"})
	b, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	batch, err := frame.TrustBatch(append(b, 1, 2, 3))
	if err != nil || batch.EventCount() != 1 || batch.Group(0).EventCount() != 1 {
		t.Errorf("got %v, error %v", batch, err)
	}
	for _, b := range [][]byte{nil, b[:len(b)-1], append([]byte("RFR1"), b[4:]...)} {
		if _, err := frame.TrustBatch(b); err == nil {
			t.Errorf("a frame of %d bytes passes that is none", len(b))
		}
	}
}
