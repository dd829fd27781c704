package main

import (
	"context"
	"errors"
	"log/slog"

	client "github.com/nats-io/nats.go"
	natsapi "github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/domain/catalog"
	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/plugins/nats"
)

// openNATS opens the one of three executors that is declared.
func openNATS(p *parts, ctx context.Context, spec config.Executor, _ string, _ uint64) (engine.Executor, error) {
	n := spec.NATS
	if n.Events != nil {
		return nats.NewEmitter(p.session.emit, emitConfig(n.Events))
	}
	server, err := p.natsServer(n)
	if err != nil {
		return nil, err
	}
	connect := func(opts ...client.Option) (*client.Conn, error) { return jetstream.Connect(server, opts...) }
	if n.KV != nil {
		return nats.OpenBucket(ctx, connect, bucketConfig(n.KV))
	}
	return nats.OpenPublisher(ctx, connect, publishConfig(n.Publish, p.session.server.Prefix))
}

// natsServer is the server that is declared or, without a url, the log's own.
func (p *parts) natsServer(n *config.NATS) (jetstream.Config, error) {
	if n.URL == "" {
		return p.session.server, nil
	}
	return serverOf(n, p.logger)
}

// serverOf says how a server that an executor names is reached.
func serverOf(n *config.NATS, logger *slog.Logger) (jetstream.Config, error) {
	return logConfig(config.Store{At: n.At, URL: n.URL, Login: n.Login}, logger)
}

// emit appends an event that an effect has become, at whatever version its
// aggregate is.
func (s *session) emit(ctx context.Context, e event.Event) error {
	err := appendFitting(ctx, s.store, s.types, event.Any(), e)
	if isRejected(err) {
		return &nats.RejectedError{Err: err}
	}
	return passing(err)
}

// appendFitting appends an event that the catalog can bring to its current version: it
// would stop whoever reads the log otherwise.
func appendFitting(ctx context.Context, log eventstore.Log, types *catalog.Catalog, expected event.Expected, e event.Event) error {
	if _, err := types.Upcast(e); err != nil {
		return err
	}
	_, err := log.Append(ctx, e.Aggregate, expected, e)
	return err
}

// passing says of what ends by itself that it does.
func passing(err error) error {
	var api *natsapi.APIError
	if errors.Is(err, client.ErrNoResponders) || errors.Is(err, client.ErrTimeout) || errors.Is(err, client.ErrDisconnected) || errors.As(err, &api) && api.Code >= 500 {
		return &effect.RetryError{Err: err}
	}
	return err
}

// isRejected reports whether a log never takes an event: it has another one of that
// id, the event is too large, or it is none by the rules or by the catalog.
func isRejected(err error) bool {
	var taken *eventstore.DuplicateIDError
	var large *eventstore.TooLargeError
	var field *event.FieldError
	var newer *catalog.NewerSchemaError
	var unknown *catalog.UnknownTypeError
	var unfit *catalog.UpcastError
	return errors.As(err, &taken) || errors.As(err, &large) || errors.As(err, &field) || errors.As(err, &newer) || errors.As(err, &unknown) || errors.As(err, &unfit)
}

// checkNATS fills in what a declaration says, to see whether it can be.
func checkNATS(n *config.NATS, store *config.Store) error {
	var of config.At
	var err error
	switch {
	case n.Events != nil:
		c := emitConfig(n.Events)
		of, err = n.Events.At, c.Validate()
	case n.Publish != nil:
		c := publishConfig(n.Publish, store.SubjectPrefix())
		of, err = n.Publish.At, c.Validate()
	case n.KV != nil:
		c := bucketConfig(n.KV)
		of, err = n.KV.At, c.Validate()
	}
	var wrong *nats.ConfigError
	if errors.As(err, &wrong) {
		return &config.Error{Pos: of.Where(wrong.Field), Message: wrong.Error(), Hint: wrong.Hint}
	}
	return nil
}

func emitConfig(e *config.NATSEvents) nats.EmitConfig {
	c := nats.EmitConfig{AggregateType: e.AggregateType, SchemaVersions: map[string]uint32{}}
	for _, v := range e.SchemaVersions {
		c.SchemaVersions[v.Name] = uint32(v.Number)
	}
	return c
}

func publishConfig(p *config.NATSPublish, prefix string) nats.PublishConfig {
	return nats.PublishConfig{
		Subject: p.Subject, Reserved: []string{prefix, systemOf(config.Store{Prefix: prefix}).Prefix}, Headers: p.Headers.Map(), Stream: p.Stream, Keys: p.Keys.Map(), Window: p.Window,
	}
}

func bucketConfig(b *config.NATSBucket) nats.BucketConfig {
	return nats.BucketConfig{Bucket: b.Bucket, Create: b.Create, Keys: b.Keys.Map()}
}
