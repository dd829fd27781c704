package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/archive"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
)

// benchSync is the embedded logs' setting. A server that flushes every message
// itself would be slower than the store, whose appends share flushes; so the
// comparison is without flushes on both sides.
const benchSync = embedded.SyncInterval

// spreadEvents is how many events the aggregate has that loads read; each other
// aggregate has crowdEvents.
const (
	spreadEvents = 50
	crowdEvents  = 10
)

// benchLog is an embedded log, and an archive that is level with it.
type benchLog struct {
	dir     string
	events  int
	server  *embedded.Server
	log     *jetstream.Store // owned by store
	archive *archive.Archive // owned by store
	store   *archive.Store
	closers []func() error
}

// benchID is the nth id of a kind. Neighbours are far apart, as random ids are.
func benchID(kind, n int) (id uuid.UUID) {
	x := uint64(n)*0x9e3779b97f4a7c15 + uint64(kind)
	x ^= x >> 29
	binary.BigEndian.PutUint64(id[:], x*0xbf58476d1ce4e5b9)
	binary.BigEndian.PutUint64(id[8:], uint64(n)<<8|uint64(kind))
	return id
}

// The kinds of benchID.
const (
	aggregateID = iota + 1
	eventID
	correlationID
)

// benchData is a payload of 250 bytes.
var benchData = json.RawMessage(`{"text":"` + strings.Repeat("x", 239) + `"}`)

// benchEvent is the nth event, from 1 on, about an aggregate.
func benchEvent(n int, aggregate uuid.UUID) event.Event {
	return event.Event{
		ID: benchID(eventID, n), Aggregate: event.Aggregate{Type: "file", ID: aggregate}, Type: "file_changed", SchemaVersion: 1,
		Time: time.Unix(1_700_000_000, int64(n)).UTC(), CorrelationID: benchID(correlationID, n/crowdEvents), Data: benchData,
	}
}

// spreadAggregate is the one whose events are spread over the whole log.
var spreadAggregate = event.Aggregate{Type: "file", ID: benchID(aggregateID, 0)}

// newLog imports events, and waits until the archive has them.
func (b *bench) newLog(ctx context.Context, events int) (*benchLog, error) {
	l := &benchLog{dir: filepath.Join(b.dir, fmt.Sprintf("log-%d", events)), events: events}
	if err := l.open(ctx, b); err != nil {
		return nil, errors.Join(err, l.close())
	}
	b.say("importing %d events", events)
	if err := l.fill(ctx); err != nil {
		return nil, errors.Join(err, l.close())
	}
	b.say("archiving %d events", events)
	for at := l.archive.Head(); int(at) < events; at = l.archive.Head() {
		if err := l.archive.Wait(ctx, at); err != nil {
			return nil, errors.Join(err, l.close())
		}
	}
	return l, nil
}

func (l *benchLog) open(ctx context.Context, b *bench) (err error) {
	l.closers = append(l.closers, func() error { return os.RemoveAll(l.dir) })
	l.server, err = embedded.Start(embedded.Options{Dir: filepath.Join(l.dir, "log"), Sync: benchSync, Logger: b.logger})
	if err != nil {
		return err
	}
	l.closers = append(l.closers, l.server.Close)
	l.log, err = jetstream.Open(ctx, jetstream.Config{URL: l.server.URL(), Token: l.server.Token(), StreamsDir: l.server.StreamsDir(), Logger: b.logger})
	if err != nil {
		return err
	}
	l.archive, err = archive.Open(filepath.Join(l.dir, "archive"), archive.Options{Logger: b.logger})
	if err != nil {
		return errors.Join(err, l.log.Close())
	}
	l.store = archive.NewStore(l.log, l.archive)
	l.closers = append(l.closers, l.store.Close)
	return nil
}

// fill imports the log: every so many events one of the aggregate to load.
func (l *benchLog) fill(ctx context.Context) (err error) {
	into, err := l.log.Bulk(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, into.Close()) }()
	crowd := max(1, l.events/crowdEvents)
	for n := 1; n <= l.events; n++ {
		aggregate := benchID(aggregateID, 1+n%crowd)
		if n%(l.events/spreadEvents) == 0 && n/(l.events/spreadEvents) <= spreadEvents {
			aggregate = spreadAggregate.ID
		}
		if err := add(ctx, into, benchEvent(n, aggregate)); err != nil {
			return err
		}
	}
	return into.Flush(ctx)
}

func add(ctx context.Context, into eventstore.Bulk, e event.Event) error {
	added, err := into.Add(ctx, e)
	if err == nil && !added {
		err = fmt.Errorf("event %s is there already", e.ID)
	}
	return err
}

// connect is a connection like the store's own.
func (l *benchLog) connect() (*nats.Conn, error) {
	return nats.Connect(l.server.URL(), nats.Token(l.server.Token()))
}

func (l *benchLog) close() error {
	var errs []error
	for len(l.closers) > 0 {
		last := len(l.closers) - 1
		errs = append(errs, l.closers[last]())
		l.closers = l.closers[:last]
	}
	return errors.Join(errs...)
}
