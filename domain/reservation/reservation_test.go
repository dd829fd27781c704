package reservation_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/domain/reservation"
)

// numbered is a UUID of version 7 that ends in n.
func numbered(n int) uuid.UUID {
	return uuid.UUID{0x01, 0x90, 6: 0x70, 8: 0x80, 14: byte(n >> 8), 15: byte(n)}
}

func hostname(t interface{ Fatal(...any) }, text string) compute.Hostname {
	h, err := compute.ParseHostname(text)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestOneHolderOrNone compares the aggregate, through the log's form of its
// events, with a variable.
func TestOneHolderOrNone(t *testing.T) {
	def := reservation.Definition()
	rapid.Check(t, func(t *rapid.T) {
		name := hostname(t, "a.b")
		in := def.New(reservation.ID(name))
		held := uuid.Nil
		for n := range rapid.IntRange(0, 20).Draw(t, "requests") {
			resource := numbered(rapid.IntRange(1, 3).Draw(t, "resource"))
			header := aggregate.Header{EventID: numbered(100 + n), AggregateID: in.ID, Time: time.Unix(int64(n), 0).UTC(), CorrelationID: numbered(9)}
			take := reservation.Take{Claim: reservation.Claim{Hostname: name, ResourceType: compute.Router, ResourceID: resource, CommandID: numbered(50)}}
			var body reservation.Request = reservation.Give{ResourceID: resource}
			refused, after := false, held
			switch rapid.SampledFrom([]string{"take", "take over", "give"}).Draw(t, "request") {
			case "take over":
				take.Done = numbered(rapid.IntRange(1, 3).Draw(t, "done"))
				fallthrough
			case "take":
				body = take
				refused = held != uuid.Nil && held != take.Done && held != resource
				after = resource
			case "give":
				if held == resource {
					after = uuid.Nil
				}
			}
			commit, err := def.Execute(in, reservation.Command{Header: header, Body: body})
			var taken *reservation.TakenError
			if errors.As(err, &taken) != refused || err != nil && !refused {
				t.Fatalf("%+v while %s has it: %v", body, held, err)
			}
			if refused {
				if taken.Held.ResourceID != held || !strings.Contains(err.Error(), held.String()) {
					t.Fatalf("refused for %s, not %s", taken.Held.ResourceID, held)
				}
				continue
			}
			for _, e := range commit.Events {
				if in, err = def.Replay(in, event.Recorded{Event: e, Version: in.Version + 1}); err != nil {
					t.Fatal(err)
				}
			}
			held = after
			if in.State.HeldBy(held) != (held != uuid.Nil) || (in.State.Holder == nil) != (held == uuid.Nil) {
				t.Fatalf("held by %+v, want %s", in.State.Holder, held)
			}
		}
	})
}

// TestClaimHoldsTheRegistration: what was claimed can be carried out by others.
func TestClaimHoldsTheRegistration(t *testing.T) {
	def, name := reservation.Definition(), hostname(t, "A.b")
	in := def.New(reservation.ID(name))
	header := aggregate.Header{EventID: numbered(1), AggregateID: in.ID, Time: time.Unix(7, 0).UTC(), CorrelationID: numbered(9)}
	commit, err := def.Execute(in, reservation.Command{Header: header, Body: reservation.Take{Claim: reservation.Claim{
		Hostname: name, ResourceType: compute.NAS, ResourceID: numbered(3), CommandID: numbered(2),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	want := compute.RegisterResource{EventID: numbered(2), Time: header.Time, CorrelationID: numbered(9), Hostname: name, ResourceType: compute.NAS}
	if got := commit.After.State.Holder.Registration(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestNamesDoNotDifferInCase(t *testing.T) {
	if reservation.ID(hostname(t, "Web-1.Example.COM")) != reservation.ID(hostname(t, "web-1.example.com")) {
		t.Error("two spellings of one name are two")
	}
	if reservation.ID(hostname(t, "web-1")) == reservation.ID(hostname(t, "web-2")) {
		t.Error("two names are one")
	}
}

// FuzzDecode: an event's data is refused or written again as what was read.
func FuzzDecode(f *testing.F) {
	f.Add(true, []byte(`{"hostname":"a.b","resource_type":"nas","resource_id":"01900000-0000-7000-8000-000000000001","command_id":"01900000-0000-7000-8000-000000000002"}`))
	f.Add(false, []byte(`{"resource_id":"01900000-0000-7000-8000-000000000001"}`))
	f.Add(true, []byte(`{"hostname":"a.b"}`))
	f.Add(false, []byte(`{}`))
	def := reservation.Definition()
	f.Fuzz(func(t *testing.T, claims bool, data []byte) {
		e := event.Event{
			ID: numbered(1), Aggregate: event.Aggregate{Type: reservation.AggregateType, ID: numbered(2)}, Type: "hostname_released",
			SchemaVersion: 1, Time: time.Unix(7, 0).UTC(), CorrelationID: numbered(9), Data: data,
		}
		if claims {
			e.Type = "hostname_claimed"
		}
		fact, err := def.Decode(e)
		if err != nil {
			return
		}
		again, err := def.Encode(fact)
		if err != nil {
			t.Fatalf("%s is read and cannot be written: %v", data, err)
		}
		back, err := def.Decode(again)
		if err != nil || !reflect.DeepEqual(fact, back) {
			t.Fatalf("%s is read as %+v, then as %+v, %v", data, fact, back, err)
		}
	})
}

func TestIncompleteEventsAreRefused(t *testing.T) {
	def := reservation.Definition()
	for kind, data := range map[string]string{
		"hostname_claimed":  `{"hostname":"a.b","resource_type":"nas","resource_id":"01900000-0000-7000-8000-000000000001"}`,
		"hostname_released": `{}`,
	} {
		_, err := def.Decode(event.Event{Type: kind, SchemaVersion: 1, Data: []byte(data)})
		if err == nil || !strings.Contains(err.Error(), "missing") {
			t.Errorf("%s %s: %v", kind, data, err)
		}
	}
}
