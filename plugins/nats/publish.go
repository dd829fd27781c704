package nats

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"slices"
	"strings"
	"time"

	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/domain/effect"
)

// PublishConfig says what effects are published as.
type PublishConfig struct {
	// Subject is the template of subjects. Its first token has no field.
	Subject string
	// Reserved are first tokens that subjects must not have.
	Reserved []string
	// Headers are templates by name. Nats-Msg-Id is not among them.
	Headers map[string]string
	// Stream is the JetStream stream that takes the subjects and acknowledges what
	// it has stored; empty publishes to whoever listens just then.
	Stream string
	// Keys make {key} the key of a row that is inserted, too.
	Keys effect.Keys
	// Window bounds how many messages are under way; 0 means DefaultWindow, and 1
	// that the next waits for the one before.
	Window int
}

// DefaultWindow is how many messages may be under way.
const DefaultWindow = 256

// Publisher publishes the effects of one pipeline's generation. It is for one
// goroutine.
type Publisher struct {
	line
	stream  string
	subject Template
	headers []header
	keys    effect.Keys
	window  int
	flights []flight // of the batch that is being published, in order
}

type header struct {
	name  string
	value Template
}

// flight is a message that the stream has not acknowledged.
type flight struct {
	effect *effect.Effect
	ack    jetstream.PubAckFuture
}

// Validate checks the configuration without I/O.
func (c *PublishConfig) Validate() error {
	_, err := c.publisher()
	return err
}

func (c *PublishConfig) publisher() (*Publisher, error) {
	p := &Publisher{stream: c.Stream, keys: c.Keys, window: c.Window}
	if p.window <= 0 {
		p.window = DefaultWindow
	}
	var wrong *ConfigError
	if p.subject, wrong = c.parseSubject(); wrong != nil {
		return nil, wrong
	}
	for name, text := range c.Headers {
		value, err := ParseTemplate(text)
		if err == nil {
			err = checkHeader(name, &value)
		}
		if err != nil {
			return nil, &ConfigError{Field: "headers", Reason: fmt.Sprintf("%q: %v", name, err)}
		}
		p.headers = append(p.headers, header{name, value})
	}
	return p, checkKeys(c.Keys)
}

func (c *PublishConfig) parseSubject() (Template, *ConfigError) {
	fault := func(reason, hint string) *ConfigError { return &ConfigError{"subject", reason, hint} }
	subject, err := ParseTemplate(c.Subject)
	if err == nil {
		err = subject.checkSubject()
	}
	if err != nil {
		return subject, fault(err.Error(), "write something like read.{name}.{key}")
	}
	first, literal := subject.first()
	switch {
	case !literal:
		return subject, fault("the first token has a field in it", "begin with a word: no effect is to choose what its subject begins with")
	case first[0] == '$' || first[0] == '_':
		return subject, fault("the server keeps subjects that begin with $ or _ for itself", "begin with another word")
	case slices.Contains(c.Reserved, first):
		return subject, fault(fmt.Sprintf("subjects that begin with %q are the engine's", first), "begin with another word")
	}
	return subject, nil
}

// checkHeader refuses names that are not those of headers, or are the server's or
// the executor's.
func checkHeader(name string, value *Template) error {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r > '~' || !isPlain(byte(r)) }) {
		return errors.New("a header's name has letters, digits, - and _")
	}
	if strings.HasPrefix(textproto.CanonicalMIMEHeaderKey(name), "Nats-") {
		return errors.New("headers that begin with Nats- are the server's")
	}
	for _, p := range value.parts {
		if strings.ContainsFunc(p.literal, func(r rune) bool { return r < ' ' || r > '~' }) {
			return errors.New("a header's value is printable ASCII")
		}
	}
	return nil
}

// OpenPublisher connects, and looks for the stream if there is to be one.
func OpenPublisher(ctx context.Context, connect Connect, c PublishConfig) (*Publisher, error) {
	p, err := c.publisher()
	if err != nil {
		return nil, err
	}
	p.connect, p.name = connect, "refold publisher"
	if err := p.reopen(ctx); err != nil {
		return nil, errors.Join(retry(err), p.Close())
	}
	return p, nil
}

// reopen makes sure that there is a connection, and the stream.
func (p *Publisher) reopen(ctx context.Context) error {
	fresh, err := p.open(jetstream.WithPublishAsyncMaxPending(p.window))
	if err != nil || !fresh || p.stream == "" {
		return err
	}
	_, err = p.js.Stream(ctx, p.stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		err = &NoStreamError{p.stream}
	}
	if err != nil {
		err = fmt.Errorf("looking for stream %s: %w", p.stream, p.blame(err))
		p.end()
	}
	return err
}

// NoStreamError is a stream or bucket that the server does not have.
type NoStreamError struct{ Stream string }

func (e *NoStreamError) Error() string { return "the server has no stream " + e.Stream }

// Handles reports whether effects of kind k are published: all but Query.
func (p *Publisher) Handles(k effect.Kind) bool {
	return k >= effect.Insert && k <= effect.EmitEvent && k != effect.Query
}

// Execute publishes the batch's effects in order, and returns when the stream has
// stored them or, without a stream, when the server has taken them. After an error
// the effects before that of the *effect.PartialError have been stored, or taken.
func (p *Publisher) Execute(ctx context.Context, b effect.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := p.reopen(ctx); err != nil {
		return fmt.Errorf("publishing: %w", retry(err))
	}
	defer p.clear()
	for i := range b.Effects {
		if f := &b.Effects[i]; p.Handles(f.Kind) {
			if err := p.publish(ctx, &b, f); err != nil {
				return err
			}
		}
	}
	return p.settle(ctx, 0)
}

// publish sends an effect's message, when there is room for it. What is wrong with
// it is told when those before it have been stored.
func (p *Publisher) publish(ctx context.Context, b *effect.Batch, f *effect.Effect) error {
	m, err := p.message(b, f)
	if err == nil {
		err = p.settle(ctx, p.window-1)
		if err != nil {
			return err
		}
		var ack jetstream.PubAckFuture
		if ack, err = p.send(m); err == nil {
			p.flights = append(p.flights, flight{f, ack})
			return nil
		}
	}
	if before := p.settle(ctx, 0); before != nil {
		return before
	}
	return p.stopped(f, err)
}

func (p *Publisher) message(b *effect.Batch, f *effect.Effect) (*client.Msg, error) {
	subject, err := p.subject.subject(b, f, p.keys)
	if err != nil {
		return nil, poison(f, err)
	}
	m := client.NewMsg(subject)
	if m.Data, err = effect.AppendJSON(nil, b, f); err != nil {
		return nil, poison(f, err)
	}
	m.Header.Set(client.MsgIdHdr, b.ID(f).String())
	for i := range p.headers {
		value, err := p.headers[i].value.text(b, f, p.keys)
		if err != nil {
			return nil, poison(f, err)
		}
		m.Header[p.headers[i].name] = []string{value}
	}
	return m, nil
}

func (p *Publisher) send(m *client.Msg) (jetstream.PubAckFuture, error) {
	if p.stream == "" {
		return nil, p.nc.PublishMsg(m)
	}
	return p.js.PublishMsgAsync(m, jetstream.WithExpectStream(p.stream), jetstream.WithRetryAttempts(0))
}

// settle waits until no more than left messages are under way.
func (p *Publisher) settle(ctx context.Context, left int) error {
	if len(p.flights) <= left {
		return nil
	}
	if p.stream == "" {
		return p.flush(ctx)
	}
	for len(p.flights) > left {
		oldest := p.flights[0]
		if err := p.await(ctx, oldest.ack); err != nil {
			return p.stopped(oldest.effect, p.missing(ctx, oldest.ack.Msg().Subject, err))
		}
		p.flights = p.flights[1:]
	}
	return nil
}

func (p *Publisher) await(ctx context.Context, ack jetstream.PubAckFuture) error {
	patience := time.NewTimer(requestTimeout)
	defer patience.Stop()
	select {
	case <-ack.Ok():
		return nil
	case err := <-ack.Err():
		return err
	case <-p.lost: // which the acknowledgement is not told
		select {
		case <-ack.Ok():
			return nil
		default:
			return client.ErrConnectionClosed
		}
	case <-patience.C:
		return client.ErrTimeout
	case <-ctx.Done():
		return ctx.Err()
	}
}

// missing tells a stream that does not take a subject from one that does not
// answer just now.
func (p *Publisher) missing(ctx context.Context, subject string, err error) error {
	if !errors.Is(err, client.ErrNoResponders) && !errors.Is(err, jetstream.ErrNoStreamResponse) {
		return err
	}
	name, lookup := p.js.StreamNameBySubject(ctx, subject)
	switch {
	case errors.Is(lookup, jetstream.ErrStreamNotFound):
		return fmt.Errorf("no stream takes the subject %s, which is for stream %s", subject, p.stream)
	case lookup == nil && name != p.stream:
		return fmt.Errorf("stream %s takes the subject %s, which is for stream %s", name, subject, p.stream)
	}
	return err
}

// flush asks the server whether it has taken all that was published.
func (p *Publisher) flush(ctx context.Context) error {
	within, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	err := p.nc.FlushWithContext(within)
	if err == nil {
		err = p.blame(nil)
	}
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return p.stopped(p.flights[0].effect, err)
	}
	p.clear()
	return nil
}

// stopped says that the effects before f are done. Unless f alone is to blame it
// ends the connection: what is under way must not be overtaken.
func (p *Publisher) stopped(f *effect.Effect, err error) error {
	var condemned *effect.PoisonError
	if !errors.As(err, &condemned) {
		err = fmt.Errorf("publishing the effects of event %d: %w", f.Cause, classify(f, p.blame(err)))
	}
	if !errors.As(err, &condemned) {
		p.end()
	}
	p.clear()
	return stoppedAt(f, err)
}

func (p *Publisher) clear() {
	clear(p.flights)
	p.flights = p.flights[:0]
}
