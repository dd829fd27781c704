package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/job"
)

// ServiceOptions say how a Service is reached.
type ServiceOptions struct {
	// Connect connects to the server, for the service alone.
	Connect func(...nats.Option) (*nats.Conn, error)
	// Subject is what the subjects of all requests begin with.
	Subject string
	// Version is the engine's, by the rules of semver.org.
	Version string
	Logger  *slog.Logger
}

// ServiceName is what the service is found by, as in `nats micro info refold`.
const ServiceName = "refold"

const (
	// flushTimeout bounds the wait for a server to say what it does not permit.
	flushTimeout = 10 * time.Second
	// drainTimeout bounds the wait for answers to leave.
	drainTimeout = 5 * time.Second
	// maxWaiting bounds the requests of one kind that wait for their turn.
	maxWaiting = 256
	// pauseToReconnect is between attempts to regain a connection.
	pauseToReconnect = time.Second
)

// Service answers requests about replay jobs that come by NATS.
type Service struct {
	engine *engine.Engine
	logger *slog.Logger
	nc     *nats.Conn
	gone   chan struct{} // closed when nc is

	ctx     context.Context // ends when the service is closed
	cancel  context.CancelFunc
	mu      sync.Mutex
	closed  bool
	working sync.WaitGroup // requests that the engine is asked about
}

// Serve connects, and answers for an engine until the service is closed. A server that
// does not permit it to take requests is an error; one that is lost later is regained.
func Serve(e *engine.Engine, o ServiceOptions) (*Service, error) {
	s := &Service{engine: e, logger: o.Logger, gone: make(chan struct{})}
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
		return nil, fmt.Errorf("taking requests at %s.replays: %w", o.Subject, err)
	}
	return s, nil
}

// subscribe returns when the server has taken all subscriptions.
func (s *Service) subscribe(o ServiceOptions) error {
	service, err := micro.AddService(s.nc, micro.Config{Name: ServiceName, Version: o.Version, Description: "Replay jobs of a Refold engine"})
	if err != nil {
		return err
	}
	e := s.engine
	group := service.AddGroup(o.Subject + ".replays")
	for name, handler := range map[string]micro.Handler{
		"submit": answering(s, job.ParseRequest, e.Submit),
		"list":   answering(s, job.ParseNothing, func(context.Context, struct{}) ([]job.Job, error) { return e.Jobs(), nil }),
		"show":   answering(s, job.ParseReference, func(_ context.Context, id uuid.UUID) (job.Job, error) { return e.Job(id) }),
		"pause":  answering(s, job.ParseReference, e.PauseJob),
		"resume": answering(s, job.ParseReference, func(_ context.Context, id uuid.UUID) (job.Job, error) { return e.ResumeJob(id) }),
		"cancel": answering(s, job.ParseReference, e.CancelJob),
	} {
		if err := group.AddEndpoint(name, handler, micro.WithEndpointPendingLimits(maxWaiting, maxWaiting*maxRequest)); err != nil {
			return err
		}
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

// answering answers requests, once they have been read and done.
func answering[Q, A any](s *Service, parse func([]byte) (Q, error), do func(context.Context, Q) (A, error)) micro.Handler {
	return micro.HandlerFunc(func(r micro.Request) {
		if !isInbox(r.Reply()) {
			s.logger.Warn("a request by NATS is left alone: its answer would not go to an inbox", "subject", r.Subject(), "reply", r.Reply())
			return
		}
		if !s.begin() {
			s.fail(r, http.StatusServiceUnavailable, errors.New("the engine is stopping"))
			return
		}
		defer s.working.Done()
		if len(r.Data()) > maxRequest {
			s.fail(r, http.StatusBadRequest, fmt.Errorf("the request has %d bytes, more than %d", len(r.Data()), maxRequest))
			return
		}
		want, err := parse(r.Data())
		if err != nil {
			s.fail(r, http.StatusBadRequest, err)
			return
		}
		answer, err := do(s.ctx, want)
		if err != nil {
			s.fail(r, codeOf(err), err)
			return
		}
		s.answer(r, answer)
	})
}

// isInbox reports whether a reply goes to whoever has asked. The engine may publish to
// subjects that one who asks may not, those of the log above all.
func isInbox(reply string) bool { return strings.HasPrefix(reply, "_") }

func (s *Service) answer(r micro.Request, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		s.fail(r, http.StatusInternalServerError, err)
		return
	}
	if int64(len(text)) > s.nc.MaxPayload() {
		s.fail(r, http.StatusRequestEntityTooLarge, fmt.Errorf("the answer has %d bytes, and the server takes %d: ask for one job", len(text), s.nc.MaxPayload()))
		return
	}
	if err := r.Respond(text); err != nil {
		s.logger.Debug("a request by NATS stays without an answer", "error", err)
	}
}

// fail answers with the body that an error has by HTTP, and with its code and text in
// the headers of a micro service, on one line.
func (s *Service) fail(r micro.Request, code int, cause error) {
	text, err := json.Marshal(bodyOf(cause))
	if err == nil {
		err = r.Error(strconv.Itoa(code), strings.NewReplacer("\r", " ", "\n", " ").Replace(cause.Error()), text)
	}
	if err != nil {
		s.logger.Debug("a request by NATS stays without an answer", "error", err)
	}
}
