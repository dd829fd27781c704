package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
)

const (
	importRounds = 9
	importWindow = 4096 // messages under way, as in an import
)

// imports measures an import into an empty log against bare publishes of the
// same messages, to streams of one server that are configured alike.
func (b *bench) imports(ctx context.Context) (err error) {
	server, err := embedded.Start(embedded.Options{Dir: filepath.Join(b.dir, "imports"), Sync: benchSync, Logger: b.logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	nc, err := nats.Connect(server.URL(), nats.Token(server.Token()))
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := natsjs.New(nc, natsjs.WithPublishAsyncMaxPending(importWindow))
	if err != nil {
		return err
	}
	events := importEvents(b.size(50_000, 1000))
	empty := func(prefix string, fill filling) benchSide {
		return func(ctx context.Context, round int) (time.Duration, error) {
			cfg := jetstream.Config{URL: server.URL(), Token: server.Token(), Prefix: fmt.Sprintf("%s_%d", prefix, round), Logger: b.logger}
			return intoEmpty(ctx, cfg, js, events, fill)
		}
	}
	medians, err := b.takeTurns(ctx, importVsPublish, importRounds, empty(oursPrefix, importAll),
		empty(barePrefix, func(ctx context.Context, _ *jetstream.Store, prefix string, events []event.Event) (time.Duration, error) {
			return publishAsync(ctx, js, prefix, events)
		}))
	if err == nil {
		b.found(importVsPublish, float64(medians[1])/float64(medians[0]))
	}
	return err
}

// filling stores events in a log that is empty.
type filling func(ctx context.Context, s *jetstream.Store, prefix string, events []event.Event) (time.Duration, error)

// intoEmpty fills a stream that is made for it, and removes it.
func intoEmpty(ctx context.Context, cfg jetstream.Config, js natsjs.JetStream, events []event.Event, fill filling) (took time.Duration, err error) {
	s, err := jetstream.Open(ctx, cfg)
	if err != nil {
		return 0, err
	}
	stream := strings.ToUpper(cfg.Prefix) + "_EVENTS"
	defer func() { err = errors.Join(err, s.Close(), js.DeleteStream(ctx, stream)) }()
	took, err = fill(ctx, s, cfg.Prefix, events)
	if err != nil {
		return 0, err
	}
	head, err := s.Head(ctx)
	if err == nil && int(head) != len(events) {
		err = fmt.Errorf("%d events were stored of %d", head, len(events))
	}
	return took, err
}

// importEvents are events of many aggregates, mixed.
func importEvents(n int) []event.Event {
	events := make([]event.Event, n)
	crowd := max(1, n/crowdEvents)
	for i := range events {
		events[i] = benchEvent(i+1, benchID(aggregateID, 1+i%crowd))
	}
	return events
}

func importAll(ctx context.Context, s *jetstream.Store, _ string, events []event.Event) (took time.Duration, err error) {
	start := time.Now()
	into, err := s.Bulk(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, into.Close()) }()
	for i := range events {
		if err := add(ctx, into, events[i]); err != nil {
			return 0, err
		}
	}
	err = into.Flush(ctx)
	return time.Since(start), err
}

// publishAsync publishes messages that are made beforehand, and waits for all
// answers.
func publishAsync(ctx context.Context, js natsjs.JetStream, prefix string, events []event.Event) (time.Duration, error) {
	messages := make([]*nats.Msg, len(events))
	crowd := max(1, len(events)/crowdEvents)
	for i := range events {
		messages[i] = bareMessage(prefix, &events[i], i/crowd+1)
		delete(messages[i].Header, natsjs.ExpectedLastSubjSeqSubjHeader)
	}
	start := time.Now()
	for _, m := range messages {
		if _, err := js.PublishMsgAsync(m, natsjs.WithStallWait(time.Minute)); err != nil {
			return 0, err
		}
	}
	select {
	case <-js.PublishAsyncComplete():
		return time.Since(start), nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}
