package imports

import (
	"context"
	"encoding/binary"
)

// Guest is what the imports know and keep of one instance. It must be the
// context of each call into the instance, and serves one call at a time.
type Guest struct {
	context.Context
	// Event is the index of the event being folded, -1 before the first.
	Event int
	// Random is the state of the random source.
	Random uint64
	// Slept is the time that the guest has slept, in nanoseconds.
	Slept uint64
	Log   Log
}

// NewGuest returns the state of a fresh instance. Instances of one module get
// the same seed, so that they start alike.
func NewGuest(seed uint64, log Log) *Guest { return &Guest{Event: -1, Random: seed, Log: log} }

// Begin prepares a call. Deadlines and values of ctx reach the log's handler.
func (g *Guest) Begin(ctx context.Context) {
	g.Context = ctx
	g.Event = -1
	g.Log.begin()
}

// End completes a call: what the log still holds goes out.
func (g *Guest) End() { g.Log.end(g.Context) }

// fill writes random bytes: splitmix64, little-endian, the last word cut.
func (g *Guest) fill(b []byte) {
	for ; len(b) >= 8; b = b[8:] {
		binary.LittleEndian.PutUint64(b, g.next())
	}
	if len(b) > 0 {
		var last [8]byte
		binary.LittleEndian.PutUint64(last[:], g.next())
		copy(b, last[:])
	}
}

func (g *Guest) next() uint64 {
	g.Random += 0x9e3779b97f4a7c15
	z := g.Random
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
