package wasmtest

// Unreachable is the instruction that traps.
const Unreachable = 0x00

// I32 returns an i32.const.
func I32(v int32) []byte { return append([]byte{0x41}, signed(int64(v))...) }

// I64 returns an i64.const.
func I64(v int64) []byte { return append([]byte{0x42}, signed(v)...) }

// Span returns an i64.const that points to length bytes at a pointer.
func Span(at, length uint32) []byte { return I64(int64(uint64(at)<<32 | uint64(length))) }

// Call returns a call of the function with an index.
func Call(index uint32) []byte { return append([]byte{0x10}, U32(index)...) }

// Code joins instructions.
func Code(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func signed(v int64) []byte {
	var b []byte
	for {
		low := byte(v & 0x7f)
		v >>= 7
		if v == 0 && low&0x40 == 0 || v == -1 && low&0x40 != 0 {
			return append(b, low)
		}
		b = append(b, low|0x80)
	}
}

func zero(kind byte) []byte {
	switch kind {
	case 'i':
		return []byte{0x41, 0, 0x0b}
	case 'I':
		return []byte{0x42, 0, 0x0b}
	case 'f':
		return []byte{0x43, 0, 0, 0, 0, 0x0b}
	case 'F':
		return []byte{0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x0b}
	case 'V':
		return append(append([]byte{0xfd, 0x0c}, make([]byte, 16)...), 0x0b)
	}
	return []byte{0xd0, 0x6f, 0x0b} // ref.null extern
}

func funcType(params, results string) []byte {
	b := append([]byte{0x60}, valueTypes(params)...)
	return append(b, valueTypes(results)...)
}

func valueTypes(letters string) []byte {
	b := U32(uint32(len(letters)))
	for _, l := range letters {
		b = append(b, valueType(l))
	}
	return b
}

func valueType(letter rune) byte {
	switch letter {
	case 'i':
		return 0x7f
	case 'I':
		return 0x7e
	case 'f':
		return 0x7d
	case 'F':
		return 0x7c
	case 'V':
		return 0x7b
	case 'r':
		return 0x70
	}
	return 0x6f
}
