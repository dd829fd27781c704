package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"github.com/refold-dev/refold/engine"
)

// ServiceOptions say how a Service is reached, and what it answers for.
type ServiceOptions struct {
	Engine *engine.Engine
	// Events are those that the engine is fed.
	Events EventReader
	// Configured and Journal are as in Options.
	Configured Configured
	Journal    Journal
	// Connect connects to the server, for the service alone.
	Connect func(...nats.Option) (*nats.Conn, error)
	// Subject is what the subjects of all requests begin with.
	Subject string
	// Version is the engine's, by the rules of semver.org.
	Version string
	Logger  *slog.Logger
}

const (
	// flushTimeout bounds the wait for a server to say what it does not permit.
	flushTimeout = 10 * time.Second
	// drainTimeout bounds the wait for answers to leave.
	drainTimeout = 5 * time.Second
	// maxWaiting bounds the requests of one kind that wait for their turn, and maxAtOnce
	// those that are being answered.
	maxWaiting = 256
	maxAtOnce  = 4
	// pauseToReconnect is between attempts to regain a connection.
	pauseToReconnect = time.Second
)

// LinesHeader is of the message that ends an answer of several: how many there were
// before it.
const LinesHeader = "Refold-Lines"

// Service answers requests that come by NATS. It speaks the protocol of NATS micro
// services with types of that package, and not by its service: that answers whoever looks
// for services at any subject that they name, and the log's are among those.
type Service struct {
	asked
	logger *slog.Logger
	nc     *nats.Conn
	gone   chan struct{} // closed when nc is
	found  discovery

	ctx     context.Context // ends when the service is closed
	cancel  context.CancelFunc
	mu      sync.Mutex
	closed  bool
	working sync.WaitGroup // requests that the engine is asked about
}

// Serve connects, and answers for an engine until the service is closed. A server that
// does not permit it to take requests is an error; one that is lost later is regained.
func Serve(o ServiceOptions) (*Service, error) {
	s := &Service{asked: asked{o.Engine, o.Events, o.Configured, o.Journal}, logger: o.Logger, gone: make(chan struct{})}
	nc, err := o.Connect(nats.Name("refold control"), nats.MaxReconnects(-1), nats.ReconnectWait(pauseToReconnect),
		nats.DrainTimeout(drainTimeout), nats.ClosedHandler(func(*nats.Conn) { close(s.gone) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			o.Logger.Warn("requests by NATS", "error", err)
		}))
	if err != nil {
		return nil, err
	}
	s.nc = nc
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if err := s.subscribe(o); err != nil {
		s.Close()
		return nil, fmt.Errorf("taking requests at %s.>: %w", o.Subject, err)
	}
	return s, nil
}

// subscribe returns when the server has taken all subscriptions.
func (s *Service) subscribe(o ServiceOptions) error {
	s.found = newDiscovery(o.Version)
	for i := range verbs {
		if verbs[i].do == nil {
			continue
		}
		p := s.found.add(&verbs[i], o.Subject)
		sub, err := s.nc.QueueSubscribe(p.subject, micro.DefaultQueueGroup, func(m *nats.Msg) { s.take(p, m) })
		if err == nil {
			err = sub.SetPendingLimits(maxWaiting, maxWaiting*maxBody)
		}
		if err != nil {
			return err
		}
	}
	if err := s.subscribeDiscovery(); err != nil {
		return err
	}
	if err := s.nc.FlushTimeout(flushTimeout); err != nil {
		return err
	}
	return s.nc.LastError()
}

// Close ends the requests that are under way, and returns when the engine is asked
// nothing any more and the connection is closed. Those that wait are told that the engine
// is stopping. Closing twice is fine.
func (s *Service) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.working.Wait()
	if err := s.nc.Drain(); err != nil { // it is not connected just now
		s.nc.Close()
	}
	<-s.gone
}

// begin reports whether the engine may be asked; then working is told when it has been.
func (s *Service) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.working.Add(1)
	}
	return !s.closed
}

// take answers a request beside others of its kind, once it is among the first.
func (s *Service) take(p *endpoint, m *nats.Msg) {
	if !isInbox(m.Reply) {
		s.logger.Warn("a request by NATS is left alone: its answer would not go to an inbox", "subject", m.Subject, "reply", m.Reply)
		return
	}
	if !s.begin() {
		s.fail(m, http.StatusServiceUnavailable, errors.New("the engine is stopping"))
		return
	}
	p.slots <- struct{}{}
	go func() {
		defer s.working.Done()
		defer func() { <-p.slots }()
		began := time.Now()
		err := s.reply(p.verb, m)
		p.count(time.Since(began), err)
	}()
}

// isInbox reports whether a reply goes to whoever has asked. The engine may publish to
// subjects that one who asks may not, those of the log above all.
func isInbox(reply string) bool { return strings.HasPrefix(reply, "_") }

// reply answers a request, and returns the error that it was answered with.
func (s *Service) reply(v *verb, m *nats.Msg) error {
	to := &messages{s: s, to: m}
	err := s.rescued(func() error { return s.ask(v, m.Data, to) })
	if err == nil && v.media == mediaLines {
		err = to.end()
	}
	if err != nil {
		s.fail(m, codeOf(err), err)
	}
	return err
}

// rescued is what do returns, or that it has panicked.
func (s *Service) rescued(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.logger.Error("answering a request by NATS has failed", "panic", p, "stack", string(debug.Stack()))
			err = errFailed
		}
	}()
	return do()
}

func (s *Service) ask(v *verb, text []byte, to answer) error {
	if len(text) > maxBody {
		return unfit("the request has %d bytes, more than %d", len(text), maxBody)
	}
	ask, err := v.readJSON(text)
	if err != nil {
		return err
	}
	if v.right == Operate {
		s.logger.Info("the engine is asked to do something by NATS", "what", v.name)
	}
	return v.do(s.ctx, &s.asked, ask, to)
}

// messages is an answer by NATS: one message, or one a line, and one that ends them.
type messages struct {
	s     *Service
	to    *nats.Msg
	lines int
}

func (a *messages) one(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return a.send(text)
}

func (a *messages) line(v any) error {
	a.lines++
	if own, ok := v.(interface{ appendJSON(b []byte) []byte }); ok {
		return a.send(own.appendJSON(nil))
	}
	return a.one(v)
}

// tooLargeError is an answer that the server would not carry.
type tooLargeError struct{ size, limit int64 }

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("the answer has %d bytes, and the server takes %d: ask for less", e.size, e.limit)
}

func (a *messages) send(text []byte) error {
	if limit := a.s.nc.MaxPayload(); int64(len(text)) > limit {
		return &tooLargeError{int64(len(text)), limit}
	}
	return a.to.Respond(text)
}

func (a *messages) end() error {
	return a.to.RespondMsg(&nats.Msg{Header: nats.Header{LinesHeader: {strconv.Itoa(a.lines)}}})
}

// fail answers with the body that an error has by HTTP, and with its code and text in
// the headers of a micro service, on one line.
func (s *Service) fail(m *nats.Msg, code int, cause error) {
	text, err := json.Marshal(bodyOf(cause))
	if err == nil {
		err = m.RespondMsg(&nats.Msg{Data: text, Header: nats.Header{
			micro.ErrorCodeHeader: {strconv.Itoa(code)},
			micro.ErrorHeader:     {strings.NewReplacer("\r", " ", "\n", " ").Replace(cause.Error())},
		}})
	}
	if err != nil {
		s.logger.Debug("a request by NATS stays without an answer", "error", err)
	}
}
