package capability

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/manifest"
)

// ackTime is how long a server may take to say that a message is stored.
const ackTime = 5 * time.Second

// publisher stores messages in streams.
type publisher struct {
	subjects []string
	conn     *nats.Conn
	stream   jetstream.JetStream
}

// newPublisher connects in the background, for as long as it takes.
func newPublisher(g NATS, secrets *keeper) (*publisher, error) {
	options := []nats.Option{
		nats.Name("refold executor"), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(time.Second),
		nats.ReconnectBufSize(-1), // a message is stored now, or the call fails
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}),
	}
	if g.Credentials != "" {
		options = append(options, nats.UserCredentials(g.Credentials))
	}
	if g.TokenFile != "" {
		token, err := Source{File: g.TokenFile}.read("nats: the token")
		if err != nil {
			return nil, err
		}
		secrets.remember("[token of nats]", token)
		options = append(options, nats.Token(token))
	}
	if g.User != "" {
		password, err := Source{File: g.PasswordFile}.read("nats: the password")
		if err != nil {
			return nil, err
		}
		secrets.remember("[password of nats]", password)
		options = append(options, nats.UserInfo(g.User, password))
	}
	if g.CA != "" {
		options = append(options, nats.RootCAs(g.CA))
	}
	if g.Cert != "" {
		options = append(options, nats.ClientCert(g.Cert, g.Key))
	}
	conn, err := nats.Connect(g.URL, options...)
	if err != nil {
		return nil, fmt.Errorf("nats: %w", err)
	}
	stream, err := jetstream.New(conn)
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("nats: %w", err)
	}
	return &publisher{g.Subjects, conn, stream}, nil
}

func (p *publisher) close() { p.conn.Close() }

// publish stores a message under the key of the call.
func (c *Calls) publish(ctx context.Context, r *reader) ([]frame.Slot, error) {
	subject, err := r.text("subject")
	if err != nil {
		return nil, err
	}
	if err := checkPublished(subject); err != nil {
		return nil, fail(badRequest, "nats: %w", err)
	}
	if c.nats == nil || !c.nats.granted(subject) {
		return nil, notGranted(manifest.NATS, subject, "")
	}
	message := nats.NewMsg(subject)
	if message.Data, err = r.body(); err != nil {
		return nil, err
	}
	pairs, err := r.headers()
	if err != nil {
		return nil, err
	}
	for _, pair := range pairs {
		if strings.HasPrefix(strings.ToLower(pair[0]), "nats-") {
			return nil, fail(badRequest, "nats: the header %s is not the executor's to set", pair[0])
		}
		message.Header.Add(pair[0], pair[1])
	}
	key, marked := c.key()
	if !marked {
		return nil, fail(badRequest, "nats: no effect is marked, so the message has no id; call begin_effect first")
	}
	message.Header.Set(nats.MsgIdHdr, key)
	return c.nats.store(ctx, message)
}

func (p *publisher) granted(subject string) bool {
	for _, pattern := range p.subjects {
		if matches(pattern, subject) {
			return true
		}
	}
	return false
}

func (p *publisher) store(ctx context.Context, message *nats.Msg) ([]frame.Slot, error) {
	if !p.conn.IsConnected() {
		return nil, fail(unavailable, "nats: %s: the server cannot be reached", message.Subject)
	}
	if limit := p.conn.MaxPayload(); int64(len(message.Data)) > limit {
		return nil, fail(tooLarge, "nats: %s: the payload has %d bytes, more than %d", message.Subject, len(message.Data), limit)
	}
	ctx, cancel := context.WithTimeout(ctx, ackTime)
	defer cancel()
	ack, err := p.stream.PublishMsg(ctx, message)
	var told *jetstream.APIError
	switch {
	case err == nil:
		return []frame.Slot{str(ack.Stream), frame.IntSlot(int64(ack.Sequence)), frame.BoolSlot(ack.Duplicate)}, nil
	case errors.Is(err, jetstream.ErrNoStreamResponse), errors.Is(err, nats.ErrNoResponders):
		return nil, fail(codeRefused, "nats: no stream has the subject %s: %w", message.Subject, err)
	case errors.Is(err, nats.ErrMaxPayload):
		return nil, fail(tooLarge, "nats: %s: %w", message.Subject, err)
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fail(codeTimeout, "nats: %s: the server does not say that it is stored: %w", message.Subject, err)
	case errors.As(err, &told):
		return nil, fail(codeRefused, "nats: %s: %w", message.Subject, err)
	}
	return nil, fail(unavailable, "nats: %s: %w", message.Subject, err)
}

// reserved are first tokens of subjects that are the server's own, or a client's.
var reserved = []string{"$JS", "$SYS", "$G", "$SRV", "$MQTT", "_INBOX", "_R_", "_GR_", "$NRG", "$JSC"}

// CheckSubject refuses what cannot be granted: what is no subject, and what is the
// server's own. "*" and a final ">" stand for tokens, but not for the first of the
// server's own subjects.
func CheckSubject(pattern string) error {
	tokens := strings.Split(pattern, ".")
	for i, token := range tokens {
		switch {
		case token == ">" && i < len(tokens)-1:
			return fmt.Errorf("nats: %q cannot be granted: > is the last token", pattern)
		case token == ">" || token == "*":
		case !isSubjectToken(token):
			return fmt.Errorf("nats: %q cannot be granted: it is no subject", pattern)
		}
	}
	for _, name := range reserved {
		if strings.EqualFold(tokens[0], name) || strings.HasPrefix(tokens[0], name) && strings.HasPrefix(name, "_") {
			return fmt.Errorf("nats: %q cannot be granted: it is the server's own", pattern)
		}
	}
	return nil
}

// checkPublished refuses a subject that messages cannot have.
func checkPublished(subject string) error {
	if len(subject) > 1024 {
		return errors.New("the subject is longer than 1024 bytes")
	}
	for _, token := range strings.Split(subject, ".") {
		if !isSubjectToken(token) {
			return fmt.Errorf("%q is no subject to publish on: its tokens are text without spaces and wildcards", subject)
		}
	}
	return nil
}

func isSubjectToken(token string) bool {
	return token != "" && !strings.ContainsFunc(token, func(r rune) bool {
		return r <= ' ' || r == 0x7f || r == '*' || r == '>' || r == 0xfffd || r >= 0x80 && r < 0xa0
	})
}

// matches reports whether a pattern has a subject. A wildcard in the first place
// stands for no token that begins with $ or _, as those of the server and of
// clients do.
func matches(pattern, subject string) bool {
	want, have := strings.Split(pattern, "."), strings.Split(subject, ".")
	if (want[0] == "*" || want[0] == ">") && strings.ContainsAny(have[0][:min(1, len(have[0]))], "$_") {
		return false
	}
	for i, token := range want {
		switch {
		case token == ">":
			return len(have) > i
		case i >= len(have), token != "*" && token != have[i]:
			return false
		}
	}
	return len(want) == len(have)
}
