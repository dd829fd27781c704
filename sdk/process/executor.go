package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/sdk/process/wire"
)

// Executor performs the effects of one generation of one pipeline's read model; it
// is that of package engine, whose comments say what each method promises.
type Executor interface {
	Handles(k effect.Kind) bool
	Position() (p event.Position, ok bool)
	Active() bool
	Execute(ctx context.Context, b effect.Batch) error
	Activate(ctx context.Context) error
	Discard(ctx context.Context) error
	Close() error
}

// keeper is an executor that keeps generations which are not active: see engine.Keeper.
// The protocol has none.
type keeper interface {
	Retain(ctx context.Context, generations []uint64) error
}

// activate has an executor drop what it would keep of generations before.
func activate(x Executor, ctx context.Context) error {
	err := x.Activate(ctx)
	if k, ok := x.(keeper); ok && err == nil {
		err = k.Retain(ctx, nil)
	}
	return err
}

// Querier is an [Executor] that answers Query effects.
type Querier interface {
	Query(ctx context.Context, q effect.Effect) (answer json.RawMessage, err error)
}

// Opening is what an executor is opened for.
type Opening struct {
	Pipeline   string
	Generation uint64
	// Config is what stands under config: in YAML; nil if nothing does.
	Config json.RawMessage
}

// ServeExecutor serves an executor, which open opens once. It returns when the host
// has had enough.
func ServeExecutor(open func(ctx context.Context, o Opening) (Executor, error)) {
	serve(func(s *grpc.Server) { wire.RegisterExecutorServer(s, &executor{openWith: open}) })
}

type executor struct {
	wire.UnimplementedExecutorServer
	openWith func(context.Context, Opening) (Executor, error)
	opening  Opening
	opened   Executor // nil before Open

	mu        sync.Mutex
	interrupt context.CancelFunc // of the call that is under way
}

var (
	errNotOpen   = errors.New("the executor is not open")
	errOpen      = errors.New("the executor is open already: a process serves one")
	errNoAnswers = errors.New("the executor answers no queries")
)

// interruptible returns a context that Interrupt cancels, and its end.
func (x *executor) interruptible(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.interrupt = cancel
	return ctx, func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.interrupt = nil
		cancel()
	}
}

func (x *executor) Interrupt(context.Context, *wire.InterruptRequest) (*wire.InterruptReply, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.interrupt != nil {
		x.interrupt()
	}
	return &wire.InterruptReply{}, nil
}

func (x *executor) Open(ctx context.Context, r *wire.OpenRequest) (*wire.OpenReply, error) {
	if x.opened != nil {
		return &wire.OpenReply{Failure: failureOf(errOpen)}, nil
	}
	ctx, end := x.interruptible(ctx)
	defer end()
	x.opening = Opening{Pipeline: r.GetPipeline(), Generation: r.GetGeneration(), Config: r.GetConfig()}
	opened, err := x.openWith(ctx, x.opening)
	if err != nil {
		return &wire.OpenReply{Failure: failureOf(err)}, nil
	}
	x.opened = opened
	reply := &wire.OpenReply{Active: opened.Active()}
	for k := effect.Insert; k <= effect.EmitEvent; k++ {
		if opened.Handles(k) {
			reply.Handles = append(reply.Handles, wire.Kind(k))
		}
	}
	at, transactional := opened.Position()
	reply.Position, reply.Transactional = uint64(at), transactional
	return reply, nil
}

func (x *executor) Execute(ctx context.Context, r *wire.ExecuteRequest) (*wire.ExecuteReply, error) {
	if x.opened == nil {
		return &wire.ExecuteReply{Failure: failureOf(errNotOpen)}, nil
	}
	ctx, end := x.interruptible(ctx)
	defer end()
	b := effect.Batch{
		Pipeline: x.opening.Pipeline, Generation: x.opening.Generation,
		After: event.Position(r.GetAfter()), Through: event.Position(r.GetThrough()), Late: r.GetLate(),
		Effects: make([]effect.Effect, len(r.GetEffects())),
	}
	for i, e := range r.GetEffects() {
		var err error
		if b.Effects[i], err = effectOf(e); err != nil {
			return nil, err
		}
	}
	err := x.opened.Execute(ctx, b)
	at, _ := x.opened.Position()
	return &wire.ExecuteReply{Failure: failureOf(err), Position: uint64(at)}, nil
}

func effectOf(e *wire.Effect) (effect.Effect, error) {
	cause, err := uuid.Parse(e.GetCauseId())
	if err != nil {
		return effect.Effect{}, fmt.Errorf("the causing event's id: %w", err)
	}
	correlation, err := uuid.Parse(e.GetCorrelationId())
	if err != nil {
		return effect.Effect{}, fmt.Errorf("the causing event's correlation id: %w", err)
	}
	return effect.Effect{
		Kind: effect.Kind(e.GetKind()), Cause: event.Position(e.GetCause()), Ordinal: e.GetOrdinal(),
		CauseID: cause, CorrelationID: correlation, CauseTime: time.Unix(0, e.GetCauseTime()).UTC(),
		Level: effect.Level(e.GetLevel()), Name: e.GetName(), Key: e.GetKey(), Body: e.GetBody(),
	}, nil
}

func (x *executor) Query(ctx context.Context, r *wire.ReadRequest) (*wire.ReadReply, error) {
	ctx, end := x.interruptible(ctx)
	defer end()
	querier, ok := x.opened.(Querier)
	if !ok {
		return &wire.ReadReply{Failure: failureOf(errNoAnswers)}, nil
	}
	asked, err := effectOf(r.GetEffect())
	if err != nil {
		return nil, err
	}
	answer, err := querier.Query(ctx, asked)
	return &wire.ReadReply{Failure: failureOf(err), Answer: answer}, nil
}

func (x *executor) Activate(ctx context.Context, _ *wire.ActivateRequest) (*wire.ActivateReply, error) {
	return &wire.ActivateReply{Failure: failureOf(x.with(ctx, activate))}, nil
}

func (x *executor) Discard(ctx context.Context, _ *wire.DiscardRequest) (*wire.DiscardReply, error) {
	return &wire.DiscardReply{Failure: failureOf(x.with(ctx, Executor.Discard))}, nil
}

func (x *executor) Close(context.Context, *wire.CloseRequest) (*wire.CloseReply, error) {
	if x.opened == nil {
		return &wire.CloseReply{}, nil
	}
	return &wire.CloseReply{Failure: failureOf(x.opened.Close())}, nil
}

func (x *executor) with(ctx context.Context, do func(Executor, context.Context) error) error {
	if x.opened == nil {
		return errNotOpen
	}
	ctx, end := x.interruptible(ctx)
	defer end()
	return do(x.opened, ctx)
}
