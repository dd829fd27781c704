package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
	"github.com/google/uuid"
)

// The metadata that an event has.
const (
	aggregateKey = "aggregate_id"
	versionKey   = "version"
)

// pipeline folds messages by a handler of Watermill's router, which gets them in their
// order by its channels in memory. What it needs is in the metadata, so it parses no
// JSON.
func pipeline(ctx context.Context) (*side, func() error, error) {
	logger := watermill.NopLogger{}
	channel := gochannel.NewGoChannel(gochannel.Config{BlockPublishUntilSubscriberAck: true}, logger)
	router, err := message.NewRouter(message.RouterConfig{}, logger)
	if err != nil {
		return nil, nil, errors.Join(err, channel.Close())
	}
	state := tallies[string]{}
	router.AddConsumerHandler("tally", "events", channel, func(m *message.Message) error {
		version, err := strconv.ParseUint(m.Metadata.Get(versionKey), 10, 64)
		if err == nil {
			state.add(m.Metadata.Get(aggregateKey), version, len(m.Payload))
		}
		return err
	})
	ended := make(chan error, 1)
	go func() { ended <- router.Run(ctx) }()
	close := func() error { return errors.Join(router.Close(), channel.Close(), <-ended) }
	select {
	case <-router.Running():
	case err := <-ended:
		return nil, nil, errors.Join(err, channel.Close())
	}
	list := envelopes()
	fold := func(context.Context) error {
		for _, e := range list {
			m := message.NewMessage(e.id, e.payload)
			m.Metadata[aggregateKey], m.Metadata[versionKey] = e.aggregate, e.version
			if err := channel.Publish("events", m); err != nil {
				return err
			}
		}
		return nil
	}
	return &side{name: "Watermill, router and gochannel", versioned: "github.com/ThreeDotsLabs/watermill", fold: fold,
		answer: func(context.Context) (string, error) { return state.answer(), nil }}, close, nil
}

// envelope is what a message is made of.
type envelope struct {
	id, aggregate, version string
	payload                []byte
}

func envelopes() []envelope {
	list := make([]envelope, batches*perBatch)
	for i := range list {
		e := event(uint64(i + 1))
		list[i] = envelope{uuid.UUID(e.AggregateID).String() + "-" + strconv.Itoa(i), uuid.UUID(e.AggregateID).String(), strconv.FormatUint(e.Version, 10), e.Data}
	}
	return list
}
