package nats_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/executortest"
	"github.com/refold-dev/refold/eventstore"
	store "github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
	"github.com/refold-dev/refold/plugins/nats"
)

type provoked = executortest.Provoked

var ledgerKeys = effect.Keys{"accounts": executortest.Keys("accounts"), "entries": executortest.Keys("entries")}

// TestPublisherInto a stream: rows are what a reader of the stream makes of it.
func TestPublisherIntoStream(t *testing.T) {
	s := startServer(t)
	executortest.Run(t, executortest.Suite{
		Features: executortest.Features{Rows: true, Idempotent: true},
		New:      func(t *testing.T) executortest.Store { return streamStore(t, s) },
	})
}

func streamStore(t *testing.T, s *natsServer) executortest.Store {
	_, js := s.admin()
	name := unique("read")
	config := jetstream.StreamConfig{Name: name, Subjects: []string{name + ".>"}, Discard: jetstream.DiscardNew}
	stream, err := js.CreateStream(soon(t), config)
	if err != nil {
		t.Fatal(err)
	}
	change := func(t *testing.T, change func(*jetstream.StreamConfig)) {
		changed := config
		change(&changed)
		if _, err := js.UpdateStream(soon(t), changed); err != nil {
			t.Fatal(err)
		}
	}
	mend := func() { change(t, func(*jetstream.StreamConfig) {}) }
	return executortest.Store{
		Open: func(string, uint64) (engine.Executor, error) {
			return nats.OpenPublisher(t.Context(), s.as("all"), nats.PublishConfig{Subject: name + ".{name}.{key}", Stream: name, Keys: ledgerKeys, Window: 4})
		},
		Rows:      func(t *testing.T, table string) map[string]string { return journal(t, stream).Rows(t, table) },
		Performed: func(t *testing.T) []string { return journal(t, stream).Performed(t) },
		Provoke: map[executortest.Failure]func(*testing.T) provoked{
			executortest.Retryable: func(t *testing.T) provoked {
				change(t, func(c *jetstream.StreamConfig) { c.MaxMsgs = 2 })
				return provoked{Mend: mend}
			},
			executortest.Poison: func(*testing.T) provoked {
				return provoked{Effect: effect.Effect{Kind: effect.Insert, Name: "accounts", Body: []byte(`[]`)}}
			},
			executortest.Fatal: func(t *testing.T) provoked {
				change(t, func(c *jetstream.StreamConfig) { c.Subjects = []string{name + ".elsewhere"} })
				return provoked{Mend: mend}
			},
		},
	}
}

// journal reads a stream, which must have each effect once.
func journal(t *testing.T, stream jetstream.Stream) *executortest.Journal {
	t.Helper()
	var j executortest.Journal
	info, err := stream.Info(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for seq := info.State.FirstSeq; seq <= info.State.LastSeq && info.State.Msgs > 0; seq++ {
		m, err := stream.GetMsg(soon(t), seq)
		if err != nil {
			t.Fatal(err)
		}
		if id := m.Header.Get(client.MsgIdHdr); ids[id] {
			t.Errorf("the stream has %s twice", id)
		} else {
			ids[id] = true
		}
		if err := j.Add(m.Data); err != nil {
			t.Error(err)
		}
	}
	return &j
}

// TestPublisherToListeners: plainly, to whoever listens. What goes wrong is a
// server that is gone, and a subject that is forbidden.
func TestPublisherToListeners(t *testing.T) {
	shared := startServer(t)
	executortest.Run(t, executortest.Suite{
		Features: executortest.Features{Rows: true, Idempotent: true},
		New: func(t *testing.T) executortest.Store {
			s := shared
			if strings.Contains(t.Name(), "passes_says") {
				s = startServer(t)
			}
			return listenerStore(t, s, unique("heard"))
		},
	})
}

func listenerStore(t *testing.T, s *natsServer, name string) executortest.Store {
	nc, _ := s.admin()
	sub, err := nc.SubscribeSync(name + ".>")
	if err != nil {
		t.Fatal(err)
	}
	var j executortest.Journal
	heard := func(t *testing.T) *executortest.Journal {
		t.Helper()
		listen(t, nc, sub, &j)
		return &j
	}
	heard(t)
	return executortest.Store{
		Open: func(string, uint64) (engine.Executor, error) {
			return nats.OpenPublisher(t.Context(), s.as("few"), nats.PublishConfig{Subject: name + ".{name}.{key}", Keys: ledgerKeys, Window: 4})
		},
		Rows:      func(t *testing.T, table string) map[string]string { return heard(t).Rows(t, table) },
		Performed: func(t *testing.T) []string { return heard(t).Performed(t) },
		Provoke: map[executortest.Failure]func(*testing.T) provoked{
			executortest.Retryable: func(t *testing.T) provoked {
				heard(t)
				s.stop()
				return provoked{Mend: func() {
					s.start()
					await(t, nc.IsConnected)
					heard(t)
				}}
			},
			executortest.Poison: func(*testing.T) provoked {
				return provoked{Effect: effect.Effect{Kind: effect.Update, Name: "accounts", Key: "a", Body: []byte(`{`)}}
			},
			executortest.Fatal: func(*testing.T) provoked {
				return provoked{Effect: effect.Effect{Kind: effect.Insert, Name: "forbidden", Body: []byte(`{}`)}}
			},
		},
	}
}

// listen takes what has come: the server answers the flush behind it.
func listen(t *testing.T, nc *client.Conn, sub *client.Subscription, j *executortest.Journal) {
	t.Helper()
	if err := nc.FlushWithContext(soon(t)); err != nil {
		t.Fatal(err)
	}
	for n, _, _ := sub.Pending(); n > 0; n, _, _ = sub.Pending() {
		m, err := sub.NextMsgWithContext(soon(t))
		if err == nil {
			err = j.Add(m.Data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestBucket: a bucket's entries are rows.
func TestBucket(t *testing.T) {
	shared := startServer(t)
	executortest.Run(t, executortest.Suite{
		Features: executortest.Features{Rows: true, Idempotent: true},
		New: func(t *testing.T) executortest.Store {
			s := shared
			if strings.Contains(t.Name(), "that_passes") {
				s = startServer(t)
			}
			return bucketStore(t, s, unique("bucket"))
		},
	})
}

func bucketStore(t *testing.T, s *natsServer, name string) executortest.Store {
	_, js := s.admin()
	return executortest.Store{
		Open: func(string, uint64) (engine.Executor, error) {
			return nats.OpenBucket(t.Context(), s.as("all"), nats.BucketConfig{Bucket: name, Create: true, Keys: ledgerKeys})
		},
		Rows: func(t *testing.T, table string) map[string]string { return kept(t, js, name, table) },
		Provoke: map[executortest.Failure]func(*testing.T) provoked{
			executortest.Retryable: func(*testing.T) provoked {
				s.stop()
				return provoked{Mend: s.start}
			},
			executortest.Poison: func(*testing.T) provoked {
				return provoked{Effect: effect.Effect{Kind: effect.Delete, Name: "nowhere", Key: "a"}}
			},
			executortest.Fatal: func(t *testing.T) provoked {
				if err := js.DeleteKeyValue(soon(t), name); err != nil {
					t.Fatal(err)
				}
				return provoked{}
			},
		},
	}
}

// kept are the rows of a table, read as any program reads a bucket.
func kept(t *testing.T, js jetstream.JetStream, bucket, table string) map[string]string {
	t.Helper()
	await(t, js.Conn().IsConnected)
	kv, err := js.KeyValue(soon(t), bucket)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := kv.ListKeys(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for key := range keys.Keys() {
		if !strings.HasPrefix(key, table+".") {
			continue
		}
		entry, err := kv.Get(soon(t), key)
		if err != nil {
			t.Fatal(err)
		}
		rows[keyOf(t, table, entry.Value())] = executortest.Complete(t, table, string(entry.Value()))
	}
	return rows
}

// keyOf is a row's key as in effect.Effect.
func keyOf(t *testing.T, table string, row []byte) string {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(row, &members); err != nil {
		t.Fatal(err)
	}
	var parts []json.RawMessage
	for _, column := range ledgerKeys[table] {
		parts = append(parts, members[column])
	}
	if len(parts) == 1 {
		return strings.Trim(string(parts[0]), `"`)
	}
	text, err := json.Marshal(parts)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestEmitter appends to a real log.
func TestEmitter(t *testing.T) {
	executortest.Run(t, executortest.Suite{
		Features: executortest.Features{Idempotent: true},
		New:      emitterStore,
	})
}

func emitterStore(t *testing.T) executortest.Store {
	server, err := embedded.Start(embedded.Options{Dir: t.TempDir(), Sync: embedded.SyncInterval})
	if err != nil {
		t.Fatal(err)
	}
	log, err := store.Open(t.Context(), store.Config{URL: server.URL(), Token: server.Token()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(log.Close(), server.Close()); err != nil {
			t.Error(err)
		}
	})
	var lost atomic.Bool
	return executortest.Store{
		Open: func(string, uint64) (engine.Executor, error) {
			return nats.NewEmitter(func(ctx context.Context, e event.Event) error {
				if lost.Load() && strings.Contains(string(e.Data), executortest.Failing) {
					return &eventstore.UnknownOutcomeError{Aggregate: e.Aggregate, Err: client.ErrTimeout}
				}
				_, err := log.Append(ctx, e.Aggregate, event.Any(), e)
				return err
			}, nats.EmitConfig{})
		},
		Effect: marked,
		Performed: func(t *testing.T) (marks []string) {
			all, err := log.ReadAll(soon(t), 1, 1000)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range all {
				marks = append(marks, strings.TrimSuffix(strings.TrimPrefix(string(r.Data), `{"mark":"`), `"}`))
			}
			return marks
		},
		Provoke: map[executortest.Failure]func(*testing.T) provoked{
			executortest.Retryable: func(*testing.T) provoked {
				lost.Store(true)
				return provoked{Mend: func() { lost.Store(false) }}
			},
			executortest.Poison: func(*testing.T) provoked {
				return provoked{Effect: effect.Effect{Kind: effect.EmitEvent, Name: "LowStock", Body: []byte(`{}`)}}
			},
			executortest.Fatal: func(t *testing.T) provoked {
				if err := log.Close(); err != nil {
					t.Error(err)
				}
				return provoked{}
			},
		},
	}
}

func marked(mark string) effect.Effect {
	return effect.Effect{
		Kind: effect.EmitEvent, Name: "marked", Body: []byte(`{"mark":"` + mark + `"}`),
		CauseID: uuid.UUID{15: 1}, CorrelationID: uuid.UUID{15: 2}, CauseTime: time.Unix(1_700_000_000, 0),
	}
}
