package imports

import (
	"encoding/binary"

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
	return put64(m, uint32(a[2]), g.now())
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

	subKind, subTimeout, subFlags = 8, 24, 40
	eventErrno, eventKind         = 8, 10

	costSubscription = 16 // in fuel

	kindClock   = 0
	absoluteSub = 1
)

// poll waits for nothing: streams are ready, and if only clocks are waited for,
// the clocks jump to the first deadline.
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
	began := g.now()
	if first, streams := firstDeadline(subs, began); !streams {
		g.Slept = max(g.Slept, first-Epoch)
	}
	count := uint32(0)
	for ; len(subs) > 0; subs = subs[subSize:] {
		if subs[subKind] == kindClock && deadline(subs, began) > g.now() {
			continue
		}
		putEvent(events[count*eventSize:], subs)
		count++
	}
	if !m.WriteUint32Le(uint32(a[3]), count) {
		return errFault
	}
	return success
}

// firstDeadline is the first of the clocks' deadlines; streams is true if
// something else is waited for as well.
func firstDeadline(subs []byte, now uint64) (first uint64, streams bool) {
	first = endOfTime
	for ; len(subs) > 0; subs = subs[subSize:] {
		if subs[subKind] != kindClock {
			streams = true
			continue
		}
		first = min(first, deadline(subs, now))
	}
	return max(first, Epoch), streams
}

// deadline is when a clock's subscription is due, at most endOfTime.
func deadline(sub []byte, now uint64) uint64 {
	timeout := min(binary.LittleEndian.Uint64(sub[subTimeout:]), endOfTime)
	if binary.LittleEndian.Uint16(sub[subFlags:])&absoluteSub == 0 {
		timeout += now
	}
	return min(timeout, endOfTime)
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
