package http

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// Executor posts the effects of one pipeline's generation. It is for one goroutine.
type Executor struct {
	cfg     Config
	url     *url.URL
	client  *http.Client
	secrets []string
}

// New returns an executor. It does not connect. The error is a *ConfigError, or
// about the authorities' file.
func New(c Config) (*Executor, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	u, err := c.parseURL()
	if err != nil {
		return nil, err
	}
	client, err := newClient(u, c.CAFile)
	if err != nil {
		return nil, err
	}
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Method == "" {
		c.Method = http.MethodPost
	}
	return &Executor{cfg: c, url: u, client: client, secrets: c.secrets(u)}, nil
}

// Handles reports whether effects of kind k are posted: all but Query.
func (e *Executor) Handles(k effect.Kind) bool {
	return k >= effect.Insert && k <= effect.EmitEvent && k != effect.Query
}

// Position returns ok = false: the executor is not transactional.
func (e *Executor) Position() (p event.Position, ok bool) { return 0, false }

// Active returns true: there are no generations.
func (e *Executor) Active() bool { return true }

// Activate does nothing: there are no generations.
func (e *Executor) Activate(context.Context) error { return nil }

// Discard closes the executor: what is posted is posted.
func (e *Executor) Discard(context.Context) error { return e.Close() }

// Close gives up idle connections. Closing twice is fine.
func (e *Executor) Close() error {
	e.client.CloseIdleConnections()
	return nil
}

// Execute posts the batch's effects in order, and returns when all have been taken.
// An error but that of ctx at the start is a *effect.PartialError: the effects before
// its own have been taken.
func (e *Executor) Execute(ctx context.Context, b effect.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p := &parcel{}
	for i := range b.Effects {
		f := &b.Effects[i]
		if !e.Handles(f.Kind) {
			continue
		}
		if p.full(e.cfg.Batch) {
			if err := e.deliver(ctx, p); err != nil {
				return err
			}
			p = &parcel{}
		}
		if err := p.add(&b, f); err != nil {
			if before := e.deliver(ctx, p); before != nil { // it is told when those before it have been taken
				return before
			}
			return stoppedAt(f, &effect.PoisonError{Cause: f.Cause, Ordinal: f.Ordinal, Err: err})
		}
	}
	return e.deliver(ctx, p)
}

// stoppedAt is an error at an effect, before which all have been taken.
func stoppedAt(f *effect.Effect, err error) error {
	return &effect.PartialError{Cause: f.Cause, Ordinal: f.Ordinal, Err: err}
}

// deliver posts a parcel. One that is refused for what is in it is halved, until the
// effect to blame is alone.
func (e *Executor) deliver(ctx context.Context, p *parcel) error {
	if len(p.effects) == 0 {
		return nil
	}
	err := e.post(ctx, p)
	if err == nil {
		return nil
	}
	first := p.effects[0]
	var refused *StatusError
	if errors.As(err, &refused) && refused.condemns() {
		if len(p.effects) > 1 {
			front, back := p.halves()
			if err := e.deliver(ctx, front); err != nil {
				return err
			}
			return e.deliver(ctx, back)
		}
		err = &effect.PoisonError{Cause: first.Cause, Ordinal: first.Ordinal, Err: err}
	}
	return stoppedAt(first, fmt.Errorf("posting to %s://%s: %w", e.url.Scheme, e.url.Host, err))
}

// post sends a parcel in one request, and reads the answer.
func (e *Executor) post(ctx context.Context, p *parcel) error {
	within, cancel := context.WithTimeout(ctx, e.cfg.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(within, e.cfg.Method, e.url.String(), bytes.NewReader(p.body(e.cfg.Batch > 0)))
	if err != nil {
		return errors.New("the request cannot be made") // err has the URL
	}
	r.Header.Set("User-Agent", "refold")
	for _, h := range e.cfg.Headers {
		r.Header.Set(h.Name, h.Value)
	}
	r.Header.Set("Idempotency-Key", p.id().String())
	r.Header.Set("Content-Type", "application/json")
	answer, err := e.client.Do(r)
	if err != nil {
		return e.failed(ctx, err)
	}
	return e.read(answer)
}
