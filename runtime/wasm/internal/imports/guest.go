package imports

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Guest is what the imports know and keep of one instance. It must be the
// context of each call into the instance, and serves one call at a time.
type Guest struct {
	context.Context
	// Fuel is the instance's budget; nil while it has none.
	Fuel Fuel
	// Random is the state of the random source.
	Random uint64
	// Slept is the time that the guest has slept, in nanoseconds.
	Slept uint64
	Log   Log
	// Live are the clocks and the random source of an executor; nil for a projection,
	// which has none that are real.
	Live *Live
	// Outside is what an executor reaches; nil for a projection, and while an
	// executor performs nothing.
	Outside *Outside
	answer  []byte // to the last call of the host; nil for none
	// Mark, if it is set, is told of each event that the guest marks: in modules
	// whose marks are calls of the host.
	Mark func(index uint32)
}

// Fuel is a budget that code and imports share: a 64-bit number with a sign, used
// up when it is below zero.
type Fuel interface {
	Get() uint64
	Set(uint64)
}

// ErrFuel ends a call that used up its fuel in an import.
var ErrFuel = errors.New("the fuel is used up")

// spend takes the cost of a call of an import whose work depends on what it is
// given; that of the call itself is charged in the code.
func (g *Guest) spend(units uint64) {
	if g.Fuel == nil {
		return
	}
	left := int64(g.Fuel.Get()) - int64(units)
	g.Fuel.Set(uint64(left))
	if left < 0 {
		panic(ErrFuel)
	}
}

// NewGuest returns the state of a fresh instance. Instances of one module get
// the same seed, so that they start alike.
func NewGuest(seed uint64, log Log) *Guest { return &Guest{Random: seed, Log: log} }

// Enter lets the guest out, until Leave: it is an executor that is about to perform
// effects.
func (g *Guest) Enter(o *Outside) { g.Outside, g.answer, g.Slept = o, nil, 0 }

// Leave keeps the guest in.
func (g *Guest) Leave() { g.Outside, g.answer = nil, nil }

// Begin prepares a call. Deadlines and values of ctx reach the log's handler.
func (g *Guest) Begin(ctx context.Context) {
	g.Context = ctx
	g.Log.begin()
}

// End completes a call: what the log still holds goes out.
func (g *Guest) End() { g.Log.end(g.Context) }

// fill writes random bytes: splitmix64, little-endian, the last word cut. Those of
// an executor are its own source's.
func (g *Guest) fill(b []byte) {
	if g.Live != nil {
		if _, err := io.ReadFull(g.Live.Random, b); err != nil {
			panic(fmt.Errorf("reading the random source: %w", err))
		}
		return
	}
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
