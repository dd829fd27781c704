package imports

import (
	"encoding/binary"
	"time"

	"github.com/tetratelabs/wazero/api"
)

// Epoch is what all clocks say before the guest has slept: one second after
// 1970 began, in nanoseconds. It is not zero, which some runtimes take for a
// broken clock.
const Epoch = 1_000_000_000

// lastClock is the highest clock id: realtime, monotonic and two of CPU time.
const lastClock = 3

// endOfTime keeps the clocks from wrapping: about 146 years.
const endOfTime = 1 << 62

func (g *Guest) now() uint64 { return Epoch + g.Slept }

// realtime is the clock that tells the time of day; the others count from some
// moment on.
const realtime = 0

// clock is what a clock says.
func (g *Guest) clock(id uint32) uint64 {
	switch {
	case g.Live == nil:
		return g.now()
	case id == realtime:
		return uint64(g.Live.Now().UnixNano()) + g.Slept
	}
	return uint64(g.Live.Now().Sub(g.Live.started)) + g.now()
}

func clockRes(_ *Guest, m api.Memory, a []uint64) errno {
	if uint32(a[0]) > lastClock {
		return errInval
	}
	return put64(m, uint32(a[1]), 1)
}

func clockTime(g *Guest, m api.Memory, a []uint64) errno {
	if uint32(a[0]) > lastClock {
		return errInval
	}
	return put64(m, uint32(a[2]), g.clock(uint32(a[0])))
}

func put64(m api.Memory, at uint32, v uint64) errno {
	if !m.WriteUint64Le(at, v) {
		return errFault
	}
	return success
}

// A subscription and an event of poll_oneoff, and their fields.
const (
	subSize, eventSize = 48, 32

	subKind, subClock, subTimeout, subFlags = 8, 16, 24, 40
	eventErrno, eventKind                   = 8, 10

	costSubscription = 16 // in fuel

	kindClock   = 0
	absoluteSub = 1
)

// poll waits for nothing: streams are ready, and if only clocks are waited for,
// the clocks jump to the first deadline. Only an executor that performs effects
// waits for it.
func poll(g *Guest, m api.Memory, a []uint64) errno {
	n := uint32(a[2])
	if n == 0 {
		return errInval
	}
	if n > m.Size()/subSize {
		return errFault
	}
	subs, ok := m.Read(uint32(a[0]), n*subSize)
	events, fits := m.Read(uint32(a[1]), n*eventSize)
	if !ok || !fits {
		return errFault
	}
	g.spend(uint64(n) * costSubscription)
	passed, streams := g.firstDue(subs)
	if streams {
		passed = 0
	}
	count := uint32(0)
	for rest := subs; len(rest) > 0; rest = rest[subSize:] {
		if rest[subKind] == kindClock && g.dueIn(rest) > passed {
			continue
		}
		putEvent(events[count*eventSize:], rest)
		count++
	}
	g.pass(passed)
	if !m.WriteUint32Le(uint32(a[3]), count) {
		return errFault
	}
	return success
}

// pass lets time pass.
func (g *Guest) pass(nanoseconds uint64) {
	if g.Outside == nil || nanoseconds == 0 {
		g.Slept += nanoseconds
		return
	}
	if err := g.Outside.Wait(time.Duration(nanoseconds)); err != nil {
		panic(err)
	}
}

// firstDue is how long it is to the first of the clocks' deadlines; streams is true
// if something else is waited for as well.
func (g *Guest) firstDue(subs []byte) (first uint64, streams bool) {
	first = endOfTime
	for ; len(subs) > 0; subs = subs[subSize:] {
		if subs[subKind] != kindClock {
			streams = true
			continue
		}
		first = min(first, g.dueIn(subs))
	}
	return first, streams
}

// dueIn is how long it is to the deadline of a clock's subscription, which is no
// later than endOfTime.
func (g *Guest) dueIn(sub []byte) uint64 {
	now := g.clock(binary.LittleEndian.Uint32(sub[subClock:]))
	timeout := min(binary.LittleEndian.Uint64(sub[subTimeout:]), endOfTime)
	if binary.LittleEndian.Uint16(sub[subFlags:])&absoluteSub == 0 {
		timeout += now
	}
	if deadline := min(timeout, endOfTime); deadline > now {
		return deadline - now
	}
	return 0
}

func putEvent(event, sub []byte) {
	event = event[:eventSize]
	clear(event)
	copy(event[:8], sub[:8])
	event[eventKind] = sub[subKind]
	if sub[subKind] != kindClock && binary.LittleEndian.Uint32(sub[16:]) > lastStream {
		binary.LittleEndian.PutUint16(event[eventErrno:], uint16(errBadf))
	}
}
