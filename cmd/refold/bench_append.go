package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
)

const (
	appendWriters = 8 // so at most as many messages are under way, on both sides
	appendRounds  = 7
)

// The two streams differ in the first token of their subjects only, which has
// the same length.
const (
	oursPrefix = "ours"
	barePrefix = "bare"
)

// appends measures appends through a store against bare publishes, to two
// streams of one server.
func (b *bench) appends(ctx context.Context) (err error) {
	server, err := embedded.Start(embedded.Options{Dir: filepath.Join(b.dir, "appends"), Sync: benchSync, Logger: b.logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	cfg := jetstream.Config{URL: server.URL(), Token: server.Token(), Prefix: oursPrefix, Logger: b.logger}
	store, err := jetstream.Open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	cfg.Prefix = barePrefix
	bare, err := jetstream.Open(ctx, cfg) // makes the stream as a store's is, and reads the head
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bare.Close()) }()
	nc, err := nats.Connect(server.URL(), nats.Token(server.Token()))
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := natsjs.New(nc)
	if err != nil {
		return err
	}
	each := b.size(1500, 20)
	medians, err := b.takeTurns(ctx, appendVsPublish, appendRounds,
		func(ctx context.Context, round int) (time.Duration, error) { return appendAll(ctx, store, round, each) },
		func(ctx context.Context, round int) (time.Duration, error) { return publishAll(ctx, js, round, each) })
	if err != nil {
		return err
	}
	b.found(appendVsPublish, float64(medians[1])/float64(medians[0]))
	all := b.rounds(appendRounds) * appendWriters * each
	return errors.Join(checkAppended(ctx, store, all), checkAppended(ctx, bare, all))
}

// appendAll lets each writer append to an aggregate of its own, and expect its
// version.
func appendAll(ctx context.Context, store *jetstream.Store, round, each int) (time.Duration, error) {
	all := writersEvents(round, each)
	return fromWriters(func(writer int) error {
		for i, e := range all[writer] {
			if _, err := store.Append(ctx, e.Aggregate, event.Exactly(event.Version(i)), e); err != nil {
				return err
			}
		}
		return nil
	})
}

// publishAll publishes the same messages, which are made beforehand but for the
// sequence that each of them expects.
func publishAll(ctx context.Context, js natsjs.JetStream, round, each int) (time.Duration, error) {
	var all [appendWriters][]*nats.Msg
	for writer, events := range writersEvents(round, each) {
		for i := range events {
			all[writer] = append(all[writer], bareMessage(barePrefix, &events[i], i+1))
		}
	}
	return fromWriters(func(writer int) error {
		last := uint64(0)
		for _, m := range all[writer] {
			m.Header[natsjs.ExpectedLastSubjSeqHeader] = []string{strconv.FormatUint(last, 10)}
			ack, err := js.PublishMsg(ctx, m)
			if err != nil {
				return err
			}
			last = ack.Sequence
		}
		return nil
	})
}

// bareMessage is what a store makes of an event, but for the sequence it expects.
func bareMessage(prefix string, e *event.Event, version int) *nats.Msg {
	body := event.AppendJSON(nil, e)
	aggregate := prefix + "." + e.Aggregate.Type + "." + e.Aggregate.ID.String() + "."
	return &nats.Msg{
		Subject: aggregate + e.Type,
		Data:    fmt.Appendf(body[:len(body)-1], `,"version":%d}`, version),
		Header: nats.Header{
			natsjs.MsgIDHeader:                   {e.ID.String()},
			natsjs.ExpectedLastSubjSeqSubjHeader: {aggregate + ">"},
		},
	}
}

func writersEvents(round, each int) (all [appendWriters][]event.Event) {
	for writer := range all {
		nth := round*appendWriters + writer
		for i := range each {
			all[writer] = append(all[writer], benchEvent(nth*each+i+1, benchID(aggregateID, nth+1)))
		}
	}
	return all
}

// fromWriters calls do from as many goroutines as there are writers, and returns
// how long that took.
func fromWriters(do func(writer int) error) (time.Duration, error) {
	var errs [appendWriters]error
	var all sync.WaitGroup
	start := time.Now()
	for writer := range appendWriters {
		all.Go(func() { errs[writer] = do(writer) })
	}
	all.Wait()
	return time.Since(start), errors.Join(errs[:]...)
}

// checkAppended makes sure that the stream holds all events, and that they can
// be read as events.
func checkAppended(ctx context.Context, store *jetstream.Store, want int) error {
	events, err := store.ReadAll(ctx, 1, want+1)
	if err == nil && len(events) != want {
		err = fmt.Errorf("%d events were stored, not %d", len(events), want)
	}
	return err
}
