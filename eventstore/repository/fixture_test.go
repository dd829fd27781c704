package repository_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/repository"
)

type (
	instance   = aggregate.Instance[compute.State]
	definition = aggregate.Definition[compute.State, compute.Command, compute.Event]
	resources  = repository.Repository[compute.State, compute.Command, compute.Event]
)

// numbered is a UUID of version 7 that ends in n.
func numbered(n int) uuid.UUID {
	return uuid.UUID{0x01, 0x90, 6: 0x70, 8: 0x80, 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)}
}

func resource(n int) event.Aggregate {
	return event.Aggregate{Type: compute.AggregateType, ID: numbered(0xa00000 + n)}
}

// tagged is event number n of an aggregate, which lets the state tell how many
// there have been.
func tagged(agg event.Aggregate, n int) event.Event {
	return logged(agg, n, compute.AssetTagAssigned{AssetTag: fmt.Sprint("T-", n)})
}

func logged(agg event.Aggregate, n int, p compute.Payload) event.Event {
	e, err := compute.ToEvent(compute.Event{Header: header(agg, n), Payload: p})
	if err != nil {
		panic(err)
	}
	return e
}

func header(agg event.Aggregate, n int) compute.Header {
	at := time.Date(2026, 1, 31, 9, 30, 0, 123456789, time.UTC).Add(time.Duration(n*7919%1000) * time.Second) // not monotonic
	return compute.Header{EventID: numbered(n), AggregateID: agg.ID, Time: at, CorrelationID: numbered(0xc00000)}
}

// appendAll appends events to an aggregate at whatever version.
func appendAll(t testing.TB, store repository.Store, agg event.Aggregate, events ...event.Event) {
	t.Helper()
	if _, err := store.Append(t.Context(), agg, event.Any(), events...); err != nil {
		t.Fatal(err)
	}
}

// history is n tagged events, numbered from first.
func history(agg event.Aggregate, first, n int) []event.Event {
	events := make([]event.Event, n)
	for i := range events {
		events[i] = tagged(agg, first+i)
	}
	return events
}

func hostname(t interface{ Fatal(...any) }, text string) compute.Hostname {
	h, err := compute.ParseHostname(text)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// drawPayload draws what can happen to a resource, in whatever order.
func drawPayload(t *rapid.T) compute.Payload {
	few := func(label string) uuid.UUID { return numbered(rapid.IntRange(1, 4).Draw(t, label)) }
	text := rapid.Ptr(rapid.String(), true)
	status := rapid.SampledFrom(compute.Statuses())
	return rapid.SampledFrom([]func() compute.Payload{
		func() compute.Payload {
			name := rapid.StringMatching(`[a-z]{1,5}\.[A-Z]{1,3}`).Draw(t, "hostname")
			return compute.ResourceRegistered{Hostname: hostname(t, name), ResourceType: rapid.SampledFrom(compute.ResourceTypes()).Draw(t, "type")}
		},
		func() compute.Payload {
			return compute.OrganizationAssigned{OrganizationID: compute.OrganizationID{UUID: few("organization")}}
		},
		func() compute.Payload {
			return compute.LocationAssigned{LocationID: compute.LocationID{UUID: few("location")}}
		},
		func() compute.Payload { return compute.OwnerAssigned{OwnerID: compute.PersonID{UUID: few("owner")}} },
		func() compute.Payload { return compute.PolicyAdded{PolicyID: compute.PolicyID{UUID: few("policy")}} },
		func() compute.Payload { return compute.PolicyRemoved{PolicyID: compute.PolicyID{UUID: few("policy")}} },
		func() compute.Payload {
			return compute.AccountConceptAssigned{ConceptID: compute.ConceptID{UUID: few("concept")}}
		},
		func() compute.Payload { return compute.AccountConceptCleared{} },
		func() compute.Payload {
			return compute.HardwareDetailsSet{HardwareDetails: compute.HardwareDetails{
				Manufacturer: text.Draw(t, "manufacturer"), Model: text.Draw(t, "model"), SerialNumber: text.Draw(t, "serial number"),
			}}
		},
		func() compute.Payload {
			return compute.AssetTagAssigned{AssetTag: rapid.String().Draw(t, "asset tag")}
		},
		func() compute.Payload {
			return compute.MetadataUpdated{Key: rapid.StringMatching(`[a-d]`).Draw(t, "key"), Value: rapid.String().Draw(t, "value")}
		},
		func() compute.Payload {
			return compute.StatusChanged{FromStatus: status.Draw(t, "from"), ToStatus: status.Draw(t, "to")}
		},
	}).Draw(t, "payload")()
}

// reads notes from which version a store is read, and how much it returns.
type reads struct {
	repository.Store
	mu    sync.Mutex
	calls []string
}

func (r *reads) Read(ctx context.Context, agg event.Aggregate, from event.Version) ([]event.Recorded, error) {
	events, err := r.Store.Read(ctx, agg, from)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, fmt.Sprintf("%d+%d", from, len(events)))
	return events, err
}

// take returns the calls since it was called last.
func (r *reads) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := r.calls
	r.calls = nil
	return calls
}

// logging returns a logger and what it was told.
func logging() (*slog.Logger, *bytes.Buffer) {
	var text bytes.Buffer
	return slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})), &text
}
