package rows

import (
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

// decodeAll decodes effects into m.decoded, large batches on several cores: to decode
// a row costs a third of what it costs to write it.
func (m *Model) decodeAll(effects []effect.Effect) {
	if cap(m.decoded) < len(effects) {
		m.decoded = make([]decoded, len(effects))
	}
	m.decoded = m.decoded[:len(effects)]
	workers := min(len(m.decoders), 1+len(effects)/fewEffects)
	each := (len(effects) + workers - 1) / workers
	var rest sync.WaitGroup
	for n := 1; n < workers; n++ {
		from, to := min(n*each, len(effects)), min((n+1)*each, len(effects))
		rest.Go(func() { m.decodeSome(m.decoders[n], effects[from:to], m.decoded[from:to]) })
	}
	m.decodeSome(m.decoders[0], effects[:min(each, len(effects))], m.decoded)
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
