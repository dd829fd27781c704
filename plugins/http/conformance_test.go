package http_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/executortest"
	webhook "github.com/refold-dev/refold/plugins/http"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestConformance: rows are what a receiver makes of what it gets, who knows an
// effect by its id.
func TestConformance(t *testing.T) {
	for name, batch := range map[string]int{"objects": 0, "arrays of one": 1, "arrays of three": 3} {
		t.Run(name, func(t *testing.T) {
			executortest.Run(t, executortest.Suite{
				Features: executortest.Features{Rows: true, Idempotent: true},
				New:      func(t *testing.T) executortest.Store { return storeOf(t, batch) },
			})
		})
	}
}

func storeOf(t *testing.T, batch int) executortest.Store {
	r := newReceiver(t)
	answer := func(status int32) func(*testing.T) executortest.Provoked {
		return func(*testing.T) executortest.Provoked {
			r.refusal.Store(status)
			return executortest.Provoked{Mend: func() { r.refusal.Store(0) }}
		}
	}
	return executortest.Store{
		Open: func(string, uint64) (engine.Executor, error) {
			return webhook.New(webhook.Config{URL: r.URL, Batch: batch})
		},
		Rows:      r.journal.Rows,
		Performed: r.journal.Performed,
		Provoke: map[executortest.Failure]func(*testing.T) executortest.Provoked{
			executortest.Retryable: answer(http.StatusServiceUnavailable),
			executortest.Fatal:     answer(http.StatusUnauthorized),
			executortest.Poison:    answer(http.StatusUnprocessableEntity),
		},
	}
}

// TestEffectsWithoutJSONForm are condemned, behind what has been posted.
func TestEffectsWithoutJSONForm(t *testing.T) {
	r := newReceiver(t)
	for _, batch := range []int{0, 2} {
		e := open(t, webhook.Config{URL: r.URL, Batch: batch})
		err := e.Execute(t.Context(), rows(`{"id":"a"}`, `{"id":"b"}`, `[]`, `{"id":"c"}`))
		wantPoison(t, err, 3)
		if got := strings.Join(r.journal.Performed(t), " "); got != "a b" {
			t.Errorf("performed %q before the third", got)
		}
	}
}

// receiver is a real server that keeps what it takes, and refuses each request that
// has the effect marked Failing, if it is told to.
type receiver struct {
	*httptest.Server
	journal executortest.Journal
	refusal atomic.Int32 // a status; 0 for none

	mu       sync.Mutex
	requests []request
}

type request struct {
	*http.Request
	body []byte
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return // whoever sent it is gone
	}
	r.mu.Lock()
	r.requests = append(r.requests, request{q, body})
	r.mu.Unlock()
	if status := int(r.refusal.Load()); status != 0 && bytes.Contains(body, []byte(`"`+executortest.Failing+`"`)) {
		http.Error(w, "not so", status)
		return
	}
	var effects []json.RawMessage
	if body[0] != '[' {
		effects = append(effects, body)
	} else {
		err = json.Unmarshal(body, &effects)
	}
	for _, text := range effects {
		if err == nil {
			err = r.journal.Add(text)
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// got are the requests since the last call.
func (r *receiver) got() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.requests
	r.requests = nil
	return taken
}

func open(t *testing.T, c webhook.Config) *webhook.Executor {
	t.Helper()
	e, err := webhook.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// rows is a batch of inserts, each of an event of its own.
func rows(bodies ...string) effect.Batch {
	b := effect.Batch{Pipeline: "stock", Generation: 1}
	for _, body := range bodies {
		b.Through++
		b.Effects = append(b.Effects, effect.Effect{Kind: effect.Insert, Cause: b.Through, Name: "accounts", Body: []byte(body)})
	}
	return b
}
