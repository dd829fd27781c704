package rows

import (
	"runtime"
	"slices"
	"sync"

	"github.com/refold-dev/refold/domain/effect"
)

// decoded is what an effect does to a row, or why it cannot. One that writes no row
// has neither.
type decoded struct {
	table     *Writes
	operation Operation
	row       Row
	failed    *RowError
}

// fewEffects are not worth another goroutine.
const fewEffects = 512

// decoding is a batch's effects, decoded.
type decoding struct {
	decoders []*decoder // as many as work side by side
	effects  []effect.Effect
	list     []decoded
}

func newDecoding(d *Dialect) *decoding {
	g := &decoding{}
	for range runtime.GOMAXPROCS(0) {
		g.decoders = append(g.decoders, &decoder{dialect: d})
	}
	return g
}

// clear lets go of what has been decoded.
func (g *decoding) clear() {
	clear(g.list)
	g.effects, g.list = nil, g.list[:0]
}

// of is what has been decoded of effects; ok is false if that are others than those
// which have been, without some of the first.
func (g *decoding) of(effects []effect.Effect) (list []decoded, ok bool) {
	skip := len(g.effects) - len(effects)
	if len(effects) == 0 || skip < 0 || &g.effects[skip] != &effects[0] {
		return nil, false
	}
	return g.list[skip:], true
}

// maxPrepared is how many batches are decoded ahead: the one that is about to be
// gathered, and the next.
const maxPrepared = 2

// prepared is what has been decoded ahead.
type prepared struct {
	mu   sync.Mutex
	list []*decoding // in the order in which it was asked for
	free []*decoding
}

// Prepare decodes the effects of a batch that is likely to be gathered soon, beside
// whatever else is done with the model.
func (m *Model) Prepare(effects []effect.Effect) {
	g := m.take()
	if g == nil {
		g = newDecoding(m.dialect)
	}
	m.decodeAll(g, effects)
	m.put(g)
}

func (p *prepared) take() (g *decoding) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		g, p.free = p.free[n-1], p.free[:n-1]
	}
	return g
}

func (p *prepared) put(g *decoding) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.list) == maxPrepared { // the first has not been gathered after all
		p.list[0].clear()
		p.free, p.list = append(p.free, p.list[0]), p.list[1:]
	}
	p.list = append(p.list, g)
}

// exchange returns what has been decoded of effects, and takes back what was in hand;
// ok is false if they have not been.
func (p *prepared) exchange(inHand *decoding, effects []effect.Effect) (g *decoding, list []decoded, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, g := range p.list {
		if list, ok := g.of(effects); ok {
			p.list = slices.Delete(p.list, i, i+1)
			p.free = append(p.free, inHand)
			return g, list, true
		}
	}
	return inHand, nil, false
}

// decodedOf decodes effects, unless that has been done.
func (m *Model) decodedOf(effects []effect.Effect) (list []decoded) {
	m.now.clear()
	var ok bool
	if m.now, list, ok = m.exchange(m.now, effects); ok {
		return list
	}
	m.decodeAll(m.now, effects)
	return m.now.list
}

// decodeAll decodes effects, large batches on several cores: to decode a row is not
// cheap beside writing it (BenchmarkGather).
func (m *Model) decodeAll(into *decoding, effects []effect.Effect) {
	if cap(into.list) < len(effects) {
		into.list = make([]decoded, len(effects))
	}
	into.effects, into.list = effects, into.list[:len(effects)]
	workers := min(len(into.decoders), 1+len(effects)/fewEffects)
	each := (len(effects) + workers - 1) / workers
	var rest sync.WaitGroup
	for n := 1; n < workers; n++ {
		from, to := min(n*each, len(effects)), min((n+1)*each, len(effects))
		rest.Go(func() { m.decodeSome(into.decoders[n], effects[from:to], into.list[from:to]) })
	}
	m.decodeSome(into.decoders[0], effects[:min(each, len(effects))], into.list)
	rest.Wait()
}

func (m *Model) decodeSome(d *decoder, effects []effect.Effect, into []decoded) {
	for i := range effects {
		into[i] = decoded{}
		if f := &effects[i]; Handles(f.Kind) {
			into[i] = m.decode(d, f)
		}
	}
}

func (m *Model) decode(d *decoder, f *effect.Effect) (done decoded) {
	t, ok := m.byName[f.Name]
	if !ok {
		return decoded{failed: &RowError{Reason: "is not declared"}}
	}
	done = decoded{table: t, operation: Remove, row: d.newRow(t)}
	switch f.Kind {
	case effect.Insert:
		done.operation, done.failed = Put, d.insert(t, f.Body, done.row)
	case effect.Update:
		done.operation, done.failed = Patch, d.update(t, f.Key, f.Body, done.row)
	default:
		done.failed = d.key(t, f.Key, done.row)
	}
	return done
}
