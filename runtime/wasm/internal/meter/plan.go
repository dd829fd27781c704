package meter

import "github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"

// maxJoined is how much a charge may already pay for when more code joins it.
// More makes metering cheaper; less makes it more exact: a charge pays for code
// that a branch may then pass over, up to about this much. With 100, an interpreter
// such as QuickJS would be charged 2.1 times what it runs, not 6.6 times; but a
// guest in Go would take 7 % longer.
const maxJoined = 1000

// point is a place where fuel is charged: before the instruction with an index.
type point struct {
	before int
	cost   int64
}

// frame is a block, loop or arm of an if that is open.
type frame struct {
	point int // index of its latest charge, or none
	loop  bool
	calls bool // something in it calls
}

const none = -1

// planner walks a function's code once, in order, and finds its charges.
//
// A charge made somewhere in a block is passed on the way to all code of that
// block behind it, also in blocks within, and once for each time that code
// runs, unless a loop begins in between, which has a charge of its own at its
// head. So code joins the latest charge of the innermost block around it that
// has any, or makes one of its own if that one pays for enough already.
type planner struct {
	f      *function
	points []point
	frames []frame
	now    int // index of the charge that the code at hand joins
}

// plan finds the function's charges and what it needs.
func (f *function) plan() {
	p := planner{f: f, points: f.points[:0], frames: f.frames[:0]}
	p.frames = append(p.frames, frame{point: none})
	p.charge(0, costEntry)
	for i := range f.code {
		in := &f.code[i]
		p.points[p.now].cost += f.module.cost(in)
		f.values += f.module.values(in)
		p.step(i, in)
		if f.module.exact && p.points[p.now].before != i+1 {
			p.join(i + 1)
		}
	}
	f.points, f.frames = p.points, p.frames
	f.counted = f.nested || f.weight() > freeLeaf
	f.tight = f.tight && !f.module.exact
}

// step does what comes behind an instruction.
func (p *planner) step(i int, in *wasmfile.Instruction) {
	switch in.Op {
	case wasmfile.OpBlock, wasmfile.OpIf:
		p.frames = append(p.frames, frame{point: none})
	case wasmfile.OpLoop:
		p.frames = append(p.frames, frame{loop: true, point: none})
		p.charge(i+1, costSimple)
		return
	case wasmfile.OpElse:
		p.frames[len(p.frames)-1].point = none
	case wasmfile.OpEnd:
		p.close()
	case wasmfile.OpBr, wasmfile.OpBrIf, wasmfile.OpBrTable, wasmfile.OpReturn, wasmfile.OpUnreachable:
	case wasmfile.OpCall, wasmfile.OpCallIndirect:
		p.call(in)
		return
	case wasmfile.OpMemoryGrow, wasmfile.OpTableGrow:
		p.f.counts = true
		return
	case wasmfile.OpMemoryInit, wasmfile.OpMemoryCopy, wasmfile.OpMemoryFill,
		wasmfile.OpTableInit, wasmfile.OpTableCopy, wasmfile.OpTableFill:
		p.f.counts = true
		return
	default:
		return
	}
	p.join(i + 1)
}

// values is how many values a call or block takes and leaves.
func (m *module) values(in *wasmfile.Instruction) int {
	var t wasmfile.FuncType
	switch {
	case in.Op == wasmfile.OpCall:
		t, _ = m.file.FuncType(in.Index)
	case in.Op == wasmfile.OpCallIndirect, in.Typed:
		t = m.file.Types[in.Index]
	default:
		return 0
	}
	return len(t.Params) + len(t.Results)
}

// join lets the code from instruction at on join a charge.
func (p *planner) join(at int) {
	if at == len(p.f.code) {
		return
	}
	i := len(p.frames) - 1
	for p.frames[i].point == none {
		i-- // the function itself has one
	}
	if latest := p.frames[i].point; p.points[latest].cost < maxJoined && !p.f.module.exact {
		p.now = latest
		return
	}
	p.charge(at, 0)
}

func (p *planner) charge(before int, cost int64) {
	p.now = len(p.points)
	p.points = append(p.points, point{before, cost})
	p.frames[len(p.frames)-1].point = p.now
}

func (p *planner) call(in *wasmfile.Instruction) {
	if in.Op == wasmfile.OpCallIndirect || !p.f.module.callsImport(in.Index) && !p.f.module.isMark(in.Index) {
		p.f.nested = true
	}
	for i := range p.frames {
		p.frames[i].calls = true
	}
}

func (p *planner) close() {
	last := p.frames[len(p.frames)-1]
	if last.loop && !last.calls {
		p.f.tight = true
	}
	p.frames = p.frames[:len(p.frames)-1]
}
