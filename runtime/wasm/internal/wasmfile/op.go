package wasmfile

import "fmt"

// Op is an instruction's operation: its opcode, or, for one with a prefix, the
// prefix shifted by 16 bits and the number behind it.
type Op uint32

// The operations that are looked at one by one.
const (
	OpUnreachable   Op = 0x00
	OpNop           Op = 0x01
	OpBlock         Op = 0x02
	OpLoop          Op = 0x03
	OpIf            Op = 0x04
	OpElse          Op = 0x05
	OpEnd           Op = 0x0b
	OpBr            Op = 0x0c
	OpBrIf          Op = 0x0d
	OpBrTable       Op = 0x0e
	OpReturn        Op = 0x0f
	OpCall          Op = 0x10
	OpCallIndirect  Op = 0x11
	OpSelectTyped   Op = 0x1c
	OpLocalGet      Op = 0x20
	OpLocalSet      Op = 0x21
	OpLocalTee      Op = 0x22
	OpGlobalGet     Op = 0x23
	OpGlobalSet     Op = 0x24
	OpTableGet      Op = 0x25
	OpTableSet      Op = 0x26
	OpI32Load       Op = 0x28
	OpI64Store32    Op = 0x3e
	OpMemorySize    Op = 0x3f
	OpMemoryGrow    Op = 0x40
	OpI32Const      Op = 0x41
	OpI64Const      Op = 0x42
	OpF32Const      Op = 0x43
	OpF64Const      Op = 0x44
	OpI32DivS       Op = 0x6d
	OpI32RemU       Op = 0x70
	OpI64DivS       Op = 0x7f
	OpI64RemU       Op = 0x82
	OpI64Extend32S  Op = 0xc4
	OpRefNull       Op = 0xd0
	OpRefIsNull     Op = 0xd1
	OpRefFunc       Op = 0xd2
	OpMemoryInit    Op = 0xfc<<16 | 8
	OpDataDrop      Op = 0xfc<<16 | 9
	OpMemoryCopy    Op = 0xfc<<16 | 10
	OpMemoryFill    Op = 0xfc<<16 | 11
	OpTableInit     Op = 0xfc<<16 | 12
	OpElemDrop      Op = 0xfc<<16 | 13
	OpTableCopy     Op = 0xfc<<16 | 14
	OpTableGrow     Op = 0xfc<<16 | 15
	OpTableSize     Op = 0xfc<<16 | 16
	OpTableFill     Op = 0xfc<<16 | 17
	OpVector        Op = 0xfd << 16 // the first with this prefix
	opVectorConst   Op = OpVector | 0x0c
	opVectorShuffle Op = OpVector | 0x0d
	opVectorLast    Op = OpVector | 0xff
)

// String returns the operation's number as in the binary format.
func (op Op) String() string {
	if op > 0xff {
		return fmt.Sprintf("0x%02x %d", uint32(op>>16), uint32(op&0xffff))
	}
	return fmt.Sprintf("0x%02x", uint32(op))
}
