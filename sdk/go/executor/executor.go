package executor

import (
	"errors"

	"github.com/refold-dev/refold/sdk/frame"
)

// Executor is what a module performs effects with.
type Executor struct {
	Name    string
	Version string
	// Kinds are the kinds of effect that it performs; it gets no others.
	Kinds []Kind
	// Wants are the capabilities that it cannot do without.
	Wants []Want
	// Configure takes the configuration of the pipeline's YAML, JSON text, once,
	// before anything else. An error refuses it. It may be nil: then the executor has
	// no configuration, and any is refused.
	Configure func(config []byte) error
	// Execute performs a batch. No error says that all of it is done. [Retry] and
	// [Poison] say what else can be done; an error of the host says so itself; any
	// other stops the pipeline.
	Execute func(b *Batch) error
}

// Capability is something of the world outside that an executor may be granted.
type Capability string

// The capabilities.
const (
	HTTP    Capability = "http"
	SQL     Capability = "sql"
	NATS    Capability = "nats"
	Secrets Capability = "secrets"
)

// Want is a capability, and what for.
type Want struct {
	Capability Capability
	// Name is the host, connection, subject or secret, if it is not the
	// configuration that says.
	Name   string
	Reason string
}

// Guest is the registered executor as its host sees it.
type Guest struct {
	executor Executor
	out      []byte
}

// guest is the module's one executor: a WASM export has nothing else to hang on to.
var guest Guest

// Register makes e the module's executor. Call it once, from init.
func Register(e Executor) {
	if guest.executor.Execute != nil {
		panic("refold: a module holds one executor, and Register was called twice")
	}
	if e.Execute == nil {
		panic("refold: the executor has no Execute")
	}
	guest.executor = e
}

// Registered returns the registered executor, for tests.
func Registered() *Guest {
	if guest.executor.Execute == nil {
		panic("refold: no executor is registered; call Register from init")
	}
	return &guest
}

// Configure hands over the configuration.
func (g *Guest) Configure(config []byte) error {
	if g.executor.Configure != nil {
		return g.executor.Configure(config)
	}
	if string(config) != "{}" {
		return errors.New("the executor takes no configuration")
	}
	return nil
}

// Execute performs the effects of a frame and returns the outcome frame, valid until
// the next call. It trusts the frame, and panics on one that is none.
func (g *Guest) Execute(effects []byte) []byte {
	f, err := frame.TrustEffectBatch(effects)
	if err != nil {
		panic("refold: " + err.Error())
	}
	b := &Batch{frame: f, EffectBatchHeader: f.Header(), at: -1}
	if err := g.executor.Execute(b); err != nil {
		g.out = frame.AppendOutcome(g.out[:0], b.outcome(err))
		return g.out
	}
	b.mark(f.Count())
	g.out = frame.AppendOutcome(g.out[:0], &frame.Outcome{Performed: f.Count()})
	return g.out
}
