package imports

import (
	"encoding/binary"

	"github.com/tetratelabs/wazero/api"
)

// lastStream is the highest descriptor there is: standard input, output, error.
const lastStream = 2

// maxWrite is what one fd_write takes at most, in bytes; its vectors may name
// the same bytes many times over.
const maxWrite = 64 << 10

// costVector is what each of the vectors costs in fuel, beside its bytes.
const costVector = 8

// badFile answers for descriptors and folders that do not exist.
func badFile(*Guest, api.Memory, []uint64) errno { return errBadf }

// onStream answers e for a stream.
func onStream(e errno) func(*Guest, api.Memory, []uint64) errno {
	return func(_ *Guest, _ api.Memory, a []uint64) errno {
		if uint32(a[0]) > lastStream {
			return errBadf
		}
		return e
	}
}

// fdStat says that the streams are character devices with all rights.
func fdStat(_ *Guest, m api.Memory, a []uint64) errno {
	if uint32(a[0]) > lastStream {
		return errBadf
	}
	stat, ok := m.Read(uint32(a[1]), 24)
	if !ok {
		return errFault
	}
	clear(stat)
	stat[0] = 2                                        // character device
	binary.LittleEndian.PutUint64(stat[8:], 1<<1|1<<6) // rights: read, write
	return success
}

// fdRead reads from an empty standard input.
func fdRead(_ *Guest, m api.Memory, a []uint64) errno {
	if uint32(a[0]) != 0 {
		return errBadf
	}
	if !m.WriteUint32Le(uint32(a[3]), 0) {
		return errFault
	}
	return success
}

// fdWrite writes to the log, and like any write may take less than it is given.
func fdWrite(g *Guest, m api.Memory, a []uint64) errno {
	fd, at, n := uint32(a[0]), uint32(a[1]), uint32(a[2])
	if fd != 1 && fd != 2 {
		return errBadf
	}
	if n > m.Size()/8 {
		return errFault
	}
	vectors, ok := m.Read(at, 8*n)
	if !ok {
		return errFault
	}
	g.spend(uint64(n) * costVector)
	var written uint32
	for ; len(vectors) > 0 && written < maxWrite; vectors = vectors[8:] {
		text, ok := m.Read(binary.LittleEndian.Uint32(vectors), binary.LittleEndian.Uint32(vectors[4:]))
		if !ok {
			return errFault
		}
		text = text[:min(len(text), int(maxWrite-written))]
		g.spend(uint64(len(text)))
		g.Log.write(g.Context, int(fd-1), text)
		written += uint32(len(text))
	}
	if !m.WriteUint32Le(uint32(a[3]), written) {
		return errFault
	}
	return success
}
