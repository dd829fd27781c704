package compute_test

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/signal"
)

func ExampleHandle() {
	name, err := compute.ParseHostname("server01.example.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	id := uuid.MustParse("01900000-0000-7000-8000-0000000000a0")
	issue := func(n byte) compute.Origin { // ids and times are the caller's
		eventID := id
		eventID[15] = n
		return compute.Origin{EventID: eventID, Time: time.Date(2026, 1, 31, 9, 30, int(n), 0, time.UTC), CorrelationID: id}
	}
	first := issue(1)
	state := compute.Empty(id)
	for _, c := range []compute.Command{
		compute.RegisterResource{
			EventID: first.EventID, Time: first.Time, CorrelationID: first.CorrelationID,
			Hostname: name, ResourceType: compute.PhysicalServer,
		},
		compute.ChangeStatus{Origin: issue(2), ToStatus: compute.Active},
		compute.ChangeStatus{Origin: issue(3), ToStatus: compute.Provisioning},
		compute.ChangeStatus{Origin: issue(4), ToStatus: compute.Decommissioned},
		compute.AssignAssetTag{Origin: issue(5), AssetTag: "A-1"},
	} {
		d, err := compute.Handle(state, c)
		if err != nil {
			fmt.Println("refused:", err)
			continue
		}
		state = state.Apply(d.Event)
		fmt.Println(d.Event.TypeName(), state.Status, d.Advice, d.Output.Warnings, d.Output.Critical)
	}
	// Output:
	// ResourceRegistered provisioning [] [] false
	// StatusChanged active [an organization is required] [] false
	// refused: status does not go from active to provisioning
	// StatusChanged decommissioned [] [{retired_in_service the resource was in service when it was retired}] true
	// refused: a decommissioned resource is read-only
}

func ExampleResourceBehavior() {
	id := uuid.MustParse("01900000-0000-7000-8000-0000000000a0")
	noon := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	became := func(s compute.Status, after time.Duration) compute.Event {
		return compute.Event{
			Header:  compute.Header{AggregateID: id, Time: noon.Add(after)},
			Payload: compute.StatusChanged{ToStatus: s},
		}
	}
	events := []compute.Event{ // as recorded: the tag of one o'clock was recorded last
		became(compute.Active, 0),
		became(compute.Decommissioned, 2*time.Hour),
		{Header: compute.Header{AggregateID: id, Time: noon.Add(time.Hour)}, Payload: compute.AssetTagAssigned{AssetTag: "A-1"}},
	}

	server := compute.ResourceBehavior(id, events...)
	at := func(after time.Duration) compute.State { return server.At(signal.TimeOf(noon.Add(after))) }
	fmt.Println(at(-time.Second).Status, at(0).Status, at(time.Hour).AssetTag, at(2*time.Hour).Status)

	retired := signal.Map(server, func(s compute.State) bool { return s.Status == compute.Decommissioned })
	fmt.Println(retired.At(signal.TimeOf(noon)), retired.At(signal.MaxTime))
	// Output:
	// provisioning active A-1 decommissioned
	// false true
}
