package compute_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/compute"
)

// exact compares everything, unexported parts of values included.
var exact = cmp.AllowUnexported(compute.Hostname{})

// numbered is a UUID of version 7 that ends in n.
func numbered(n int) uuid.UUID {
	return uuid.UUID{0x01, 0x90, 6: 0x70, 8: 0x80, 14: byte(n >> 8), 15: byte(n)}
}

var (
	resourceID    = numbered(0x0a0)
	correlationID = numbered(0x0c0)
	organization  = compute.OrganizationID{UUID: numbered(0x101)}
	location      = compute.LocationID{UUID: numbered(0x102)}
	owner         = compute.PersonID{UUID: numbered(0x103)}
	policy        = compute.PolicyID{UUID: numbered(0x104)}
	otherPolicy   = compute.PolicyID{UUID: numbered(0x105)}
	concept       = compute.ConceptID{UUID: numbered(0x106)}
)

// at is the time of event number n.
func at(n int) time.Time { return time.Date(2026, 1, 31, 9, 30, n, 0, time.UTC) }

// origin is that of command number n.
func origin(n int) compute.Origin {
	return compute.Origin{EventID: numbered(n), Time: at(n), CorrelationID: correlationID}
}

// header is that of event number n.
func header(n int) compute.Header {
	return compute.Header{EventID: numbered(n), AggregateID: resourceID, Time: at(n), CorrelationID: correlationID}
}

func hostname(t testing.TB, s string) compute.Hostname {
	t.Helper()
	h, err := compute.ParseHostname(s)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func register(t testing.TB) compute.RegisterResource {
	t.Helper()
	o := origin(1)
	return compute.RegisterResource{
		EventID: o.EventID, Time: o.Time, CorrelationID: o.CorrelationID,
		Hostname: hostname(t, "server01.example.com"), ResourceType: compute.PhysicalServer,
	}
}

// carryOut is the state after commands that must all be accepted.
func carryOut(t testing.TB, s compute.State, commands ...compute.Command) compute.State {
	t.Helper()
	for _, c := range commands {
		d, err := compute.Handle(s, c)
		if err != nil {
			t.Fatalf("%s: %v", c.Name(), err)
		}
		for _, e := range d.Events() {
			s = s.Apply(e)
		}
	}
	return s
}

// registered is a resource in its first status.
func registered(t testing.TB) compute.State {
	t.Helper()
	return carryOut(t, compute.Empty(resourceID), register(t))
}

// inStatus is a resource in a status, reached on the shortest path. Commands
// from number 10 are free.
func inStatus(t testing.TB, want compute.Status) compute.State {
	t.Helper()
	s := registered(t)
	if want == compute.Provisioning {
		return s
	}
	if want == compute.Maintenance {
		s = carryOut(t, s, compute.ChangeStatus{Origin: origin(2), ToStatus: compute.Active})
	}
	return carryOut(t, s, compute.ChangeStatus{Origin: origin(3), ToStatus: want})
}
