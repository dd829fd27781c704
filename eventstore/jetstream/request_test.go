package jetstream

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// TestRequestsTakeTheirOwnAnswers lets a service answer each request twice, the
// second time late.
func TestRequestsTakeTheirOwnAnswers(t *testing.T) {
	s := feedStore(t)
	sub, err := s.nc.Subscribe("echo", func(m *nats.Msg) {
		_ = m.Respond(m.Data)
		time.AfterFunc(time.Millisecond, func() { _ = m.Respond(m.Data) })
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	var all sync.WaitGroup
	for writer := range 4 {
		all.Go(func() {
			for i := range 200 {
				want := string(rune('a'+writer)) + string(rune('A'+i%26))
				m, err := s.request(t.Context(), &nats.Msg{Subject: "echo", Data: []byte(want)})
				if err != nil || string(m.Data) != want {
					t.Errorf("the answer to %q is %v, %v", want, m, err)
					return
				}
			}
		})
	}
	all.Wait()
}

func TestRequestEnds(t *testing.T) {
	s := feedStore(t)
	silent, err := s.nc.SubscribeSync("silence")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Unsubscribe() }()
	if _, err := s.request(t.Context(), &nats.Msg{Subject: "nobody"}); !errors.Is(err, nats.ErrNoResponders) {
		t.Errorf("a request that nobody takes ends with %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.request(ctx, &nats.Msg{Subject: "silence"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a request beyond its time ends with %v", err)
	}
	time.AfterFunc(20*time.Millisecond, s.link.disconnected)
	if _, err := s.request(t.Context(), &nats.Msg{Subject: "silence"}); !errors.Is(err, nats.ErrDisconnected) {
		t.Errorf("a request over a lost connection ends with %v", err)
	}
	time.AfterFunc(20*time.Millisecond, func() { _ = s.Close() })
	if _, err := s.request(t.Context(), &nats.Msg{Subject: "silence"}); err == nil {
		t.Error("a request outlives its store")
	}
}
