package wasmfile

import (
	"fmt"
	"unicode/utf8"
)

// reader reads a part of a file. It keeps the first fault and from then on
// reads zeros, so that a caller checks once, after a whole entry.
type reader struct {
	b    []byte
	at   int // in b
	base int // offset of b in the file
	// open marks the outermost reader, behind whose end the file ends too.
	open bool
	err  *FormatError
}

func (r *reader) fail(fault Fault, format string, args ...any) {
	if r.err == nil {
		r.err = &FormatError{Fault: fault, Offset: r.base + r.at, Reason: fmt.Sprintf(format, args...)}
	}
}

// short is the fault of reading behind the end: of the file, or of a section,
// whose length is then wrong.
func (r *reader) short() {
	if r.open {
		r.fail(Truncated, "the file ends in the middle of the module")
		return
	}
	r.fail(Malformed, "an entry reaches behind the end of its section")
}

func (r *reader) more() bool { return r.err == nil && r.at < len(r.b) }

func (r *reader) byte() byte {
	if r.err != nil {
		return 0
	}
	if r.at >= len(r.b) {
		r.short()
		return 0
	}
	r.at++
	return r.b[r.at-1]
}

// bytes returns the next n bytes, which alias the file.
func (r *reader) bytes(n uint32) []byte {
	if r.err != nil {
		return nil
	}
	if uint64(n) > uint64(len(r.b)-r.at) {
		r.short()
		return nil
	}
	r.at += int(n)
	return r.b[r.at-int(n) : r.at : r.at]
}

// sub returns a reader of the next n bytes.
func (r *reader) sub(n uint32) *reader {
	base := r.base + r.at
	return &reader{b: r.bytes(n), base: base, err: r.err}
}

// u32 reads an unsigned LEB128 number of at most 32 bits.
func (r *reader) u32() uint32 {
	var v uint32
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		if shift == 28 && b > 0x0f {
			break
		}
		v |= uint32(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	r.fail(Malformed, "a number has more than 32 bits")
	return 0
}

// skipSigned reads over a signed LEB128 number of at most bits bits.
func (r *reader) skipSigned(bits int) {
	for shift := 0; shift < bits; shift += 7 {
		b := r.byte()
		if b >= 0x80 {
			continue
		}
		if rest := bits - shift; rest < 7 {
			sign := int8(b<<1) >> rest // the bits from the sign bit up
			if sign != 0 && sign != -1 {
				break
			}
		}
		return
	}
	r.fail(Malformed, "a number has more than %d bits", bits)
}

// count reads the number of a vector's entries, which take at least one byte
// each.
func (r *reader) count(what string) uint32 {
	n := r.u32()
	if r.err == nil && uint64(n) > uint64(len(r.b)-r.at) {
		r.fail(Malformed, "the number of %s, %d, is larger than their section", what, n)
	}
	if r.err != nil {
		return 0
	}
	return n
}

func (r *reader) name() string {
	text := r.bytes(r.u32())
	if !utf8.Valid(text) {
		r.fail(Malformed, "a name is not UTF-8")
	}
	return string(text)
}

// end checks that everything has been read.
func (r *reader) end(what string) {
	if r.err == nil && r.at < len(r.b) {
		r.fail(Malformed, "the %s has bytes left over", what)
	}
}
