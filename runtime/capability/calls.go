package capability

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/sdk/frame"
)

// Calls performs what one executor asks for.
type Calls struct {
	grants  Grants
	http    *httpClient
	sql     databases
	nats    *publisher // nil while nothing is to be published
	secrets *keeper

	ids     [][16]byte // of the batch's effects
	effect  int        // that is being performed, or runtime.NoEvent
	left    time.Duration
	keys    int // that the effect's calls have used
	refused *NotGrantedError
}

// Open prepares what is granted. Sources are read, so that one which is missing is
// told here; connections are not made yet.
func Open(g Grants) (*Calls, error) {
	if err := g.Validate(); err != nil {
		return nil, err
	}
	if g.Timeout == 0 {
		g.Timeout = DefaultTimeout
	}
	c := &Calls{grants: g, http: newHTTPClient(g.HTTP), secrets: newKeeper(g.Secrets), effect: runtime.NoEvent}
	err := c.secrets.check()
	if err == nil {
		c.sql, err = openDatabases(g.SQL, c.secrets)
	}
	if err == nil && len(g.NATS.Subjects) > 0 {
		c.nats, err = newPublisher(g.NATS, c.secrets)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Close closes all connections. A second Close does nothing.
func (c *Calls) Close() error {
	c.http.close()
	err := c.sql.close()
	if c.nats != nil {
		c.nats.close()
	}
	return err
}

// Begin says which effects are about to be performed.
func (c *Calls) Begin(effects frame.EffectBatch) {
	c.ids = c.ids[:0]
	for _, e := range effects.Effects() {
		c.ids = append(c.ids, e.ID)
	}
	c.refused = nil
	c.turnTo(runtime.NoEvent)
}

// turnTo gives an effect its time.
func (c *Calls) turnTo(effect int) {
	c.effect, c.left, c.keys = effect, c.grants.Timeout, 0
}

// Refused is the first call of the batch that was not granted; nil for none.
func (c *Calls) Refused() error {
	if c.refused == nil {
		return nil
	}
	return c.refused
}

// Redact takes secrets that were read out of a text.
func (c *Calls) Redact(text string) string { return c.secrets.redact(text) }

// Call does what an executor asks for and returns the answer, a message.
func (c *Calls) Call(ctx context.Context, call runtime.Call) []byte {
	if call.Effect != c.effect {
		c.turnTo(call.Effect)
	}
	values, err := c.inTime(ctx, call)
	if err == nil {
		return done(values)
	}
	var denied *NotGrantedError
	if errors.As(err, &denied) && c.refused == nil {
		c.refused = denied
	}
	return failureOf(err).answer()
}

// inTime performs a call in what is left of the effect's time.
func (c *Calls) inTime(ctx context.Context, call runtime.Call) ([]frame.Slot, error) {
	if c.left <= 0 {
		return nil, fail(codeTimeout, "%s: the effect's calls have taken %s, all that they may", call.Function, c.grants.Timeout)
	}
	request, err := frame.OpenMessage(call.Request)
	if err != nil {
		return nil, fail(badRequest, "%s: the request is wrong: %w", call.Function, err)
	}
	started := time.Now()
	ctx, cancel := context.WithTimeout(ctx, c.left)
	defer cancel()
	defer func() { c.left -= time.Since(started) }()
	values, err := c.perform(ctx, &reader{message: request, what: call.Function})
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, fail(codeTimeout, "%s: it takes longer than the effect's calls may, %s: %w", call.Function, c.grants.Timeout, err)
	}
	return values, err
}

func (c *Calls) perform(ctx context.Context, r *reader) ([]frame.Slot, error) {
	switch r.what {
	case "http":
		return c.http.send(ctx, r, c.key)
	case "sql_exec":
		return c.sql.exec(ctx, r)
	case "sql_query":
		return c.sql.query(ctx, r)
	case "nats_publish":
		return c.publish(ctx, r)
	case "secret":
		return c.secrets.read(r)
	}
	return nil, fail(badRequest, "%s: there is no such function", r.what)
}

// key is what tells a repeated call from another one: the id of the effect that is
// being performed, and a number for all but its first call. ok is false if none is.
func (c *Calls) key() (key string, ok bool) {
	if c.effect < 0 || c.effect >= len(c.ids) {
		return "", false
	}
	c.keys++
	key = uuid.UUID(c.ids[c.effect]).String()
	if c.keys > 1 {
		key = fmt.Sprintf("%s-%d", key, c.keys)
	}
	return key, true
}

// Wait waits for d, or until ctx is done. It is false if the effect may not take so
// long.
func (c *Calls) Wait(ctx context.Context, effect int, d time.Duration) bool {
	if effect != c.effect {
		c.turnTo(effect)
	}
	if d > c.left {
		return false
	}
	c.left -= d
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return true
}
