package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
)

// heartbeatEvery is how long nothing is said to one who watches, so that whatever is in
// between does not take the connection for a dead one.
const heartbeatEvery = 15 * time.Second

// changesAsk says what is watched.
type changesAsk struct {
	Pipeline string  `json:"pipeline" in:"path"`
	Key      *string `json:"key,omitempty" in:"query" about:"this key alone; of a resident projection, the query whose answer is watched"`
	Prefix   string  `json:"prefix,omitempty" in:"query" about:"the keys that begin so"`
	After    string  `json:"after,omitempty" in:"query" about:"the id of the last event that is known"`
	Last     string  `json:"Last-Event-ID,omitempty" in:"header" about:"the same, as clients say it who come back; it counts before after"`

	watch engine.Watch
}

// Validate reports what cannot be watched.
func (q *changesAsk) Validate() error {
	q.watch = engine.Watch{Key: q.Key, Prefix: q.Prefix}
	if q.Key != nil && q.Prefix != "" {
		return errors.New("parameter prefix: there is a key as well")
	}
	for name, id := range map[string]string{"after": q.After, "Last-Event-ID": q.Last} {
		if id == "" || name == "after" && q.Last != "" {
			continue
		}
		p, err := parsePoint(id)
		if err != nil {
			return fmt.Errorf("parameter %s: %w", name, err)
		}
		q.watch.After = &p
	}
	return nil
}

// pointID is the id of an event: the generation and the position that it is of.
func pointID(p engine.Point) string { return fmt.Sprintf("%d-%d", p.Generation, p.Position) }

func parsePoint(id string) (p engine.Point, err error) {
	generation, position, ok := strings.Cut(id, "-")
	n, wrong := strconv.ParseUint(generation, 10, 63)
	at, wrongToo := strconv.ParseUint(position, 10, 63)
	if !ok || wrong != nil || wrongToo != nil {
		return p, fmt.Errorf("%q is the id of no event", id)
	}
	return engine.Point{Generation: n, Position: event.Position(at)}, nil
}

// changes tells what changes of a read model, until the client goes or the server stops.
func (s *Server) changes(w http.ResponseWriter, r *http.Request, ask any) {
	q := ask.(*changesAsk)
	select {
	case s.watchers <- struct{}{}:
		defer func() { <-s.watchers }()
	default:
		w.Header().Set("Retry-After", "5")
		s.fail(w, http.StatusTooManyRequests, fmt.Errorf("%d watch already", maxWatchers))
		return
	}
	x, err := s.engine.Watch(r.Context(), q.Pipeline, q.watch)
	if err != nil {
		s.fail(w, codeOf(err), err)
		return
	}
	defer x.Close()
	head := w.Header()
	head.Set("Content-Type", mediaEvents)
	head.Set("Cache-Control", "no-store")
	head.Set("X-Accel-Buffering", "no") // which nginx takes for "do not collect"
	to := &stream{w: w, of: http.NewResponseController(w)}
	to.write("retry: 2000\n")
	if err := s.tellChanges(r.Context(), x, to); err != nil {
		s.logger.Debug("one who watches has gone", "error", err)
	}
}

// tellChanges returns when nobody reads, or there is nothing more to tell.
func (s *Server) tellChanges(ctx context.Context, x *engine.Watcher, to *stream) error {
	for to.err == nil {
		waiting, stop := context.WithTimeout(ctx, s.heartbeat)
		n, err := x.Next(waiting)
		stop()
		switch {
		case err == nil:
			to.event(n.Kind, pointID(n.Point), n)
		case ctx.Err() != nil:
			to.event("end", "", struct{}{})
			return to.err
		case errors.Is(err, context.DeadlineExceeded):
			to.write(":\nid: " + pointID(x.At()) + "\n\n") // an id alone is no event, and is kept
			to.flush()
		default:
			to.event("error", "", bodyOf(err))
			return to.err
		}
	}
	return to.err
}

// stream writes Server-Sent Events.
type stream struct {
	w   http.ResponseWriter
	of  *http.ResponseController
	err error // the first one
}

func (t *stream) write(text string) {
	if t.err == nil {
		_, t.err = t.w.Write([]byte(text))
	}
}

func (t *stream) flush() {
	if t.err == nil {
		t.err = t.of.Flush()
	}
}

func (t *stream) event(kind, id string, data any) {
	text, err := json.Marshal(data)
	if err != nil {
		t.err = errors.Join(t.err, err)
		return
	}
	if id != "" {
		t.write("id: " + id + "\n")
	}
	t.write("event: " + kind + "\ndata: " + string(text) + "\n\n")
	t.flush()
}
