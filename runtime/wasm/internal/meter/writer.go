package meter

import "github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"

// Instructions that are inserted and that nothing else looks at.
const (
	opSelect     wasmfile.Op = 0x1b
	opI32Ne      wasmfile.Op = 0x47
	opI32Or      wasmfile.Op = 0x72
	opI64Eq      wasmfile.Op = 0x51
	opI64LtS     wasmfile.Op = 0x53
	opI64GtS     wasmfile.Op = 0x55
	opI64LeS     wasmfile.Op = 0x57
	opI64Add     wasmfile.Op = 0x7c
	opI64Sub     wasmfile.Op = 0x7d
	opI64Mul     wasmfile.Op = 0x7e
	opI64Or      wasmfile.Op = 0x84
	opI64And     wasmfile.Op = 0x83
	opI64Ne      wasmfile.Op = 0x52
	opI64ShrU    wasmfile.Op = 0x88
	opI64ExtendU wasmfile.Op = 0xad // of an i32
)

// emptyBlock is the type of a block that takes and leaves nothing.
const emptyBlock = 0x40

// writer writes code.
type writer struct{ out []byte }

func (w *writer) op(ops ...wasmfile.Op) {
	for _, op := range ops {
		w.out = append(w.out, byte(op))
	}
}

func (w *writer) index(op wasmfile.Op, index uint32) {
	w.out = wasmfile.AppendUnsigned(append(w.out, byte(op)), index)
}

// bulk writes an instruction with a prefix and its immediates.
func (w *writer) bulk(op wasmfile.Op, immediates ...uint32) {
	w.out = wasmfile.AppendUnsigned(append(w.out, byte(op>>16)), uint32(op&0xffff))
	for _, immediate := range immediates {
		w.out = wasmfile.AppendUnsigned(w.out, immediate)
	}
}

func (w *writer) constant(v int64) {
	w.out = wasmfile.AppendSigned(append(w.out, byte(wasmfile.OpI64Const)), v)
}

// constant32 writes an i32.const.
func (w *writer) constant32(v int32) {
	w.out = wasmfile.AppendSigned(append(w.out, byte(wasmfile.OpI32Const)), int64(v))
}
