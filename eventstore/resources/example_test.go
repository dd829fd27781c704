package resources_test

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/resources"
)

func Example() {
	ctx := context.Background()
	service := resources.New(memory.New(), resources.Options{UniqueHostnames: true})
	command := func(n int) compute.Origin {
		return compute.Origin{
			EventID:       uuid.MustParse(fmt.Sprintf("01900000-0000-7000-8000-0000000000%02d", n)),
			Time:          time.Date(2026, 1, 31, 9, 30, n, 0, time.UTC),
			CorrelationID: uuid.MustParse("01900000-0000-7000-8000-0000000000c0"),
		}
	}
	register := func(n int, name string) (uuid.UUID, error) {
		hostname, err := compute.ParseHostname(name)
		if err != nil {
			return uuid.Nil, err
		}
		o := command(n)
		out, err := service.RegisterResource(ctx, compute.RegisterResource{
			EventID: o.EventID, Time: o.Time, CorrelationID: o.CorrelationID, Hostname: hostname, ResourceType: compute.Router,
		})
		return out.State.ID, err
	}

	id, err := register(1, "r1.example.com")
	fmt.Println(id, err)
	id, err = register(1, "r1.example.com") // repeated
	fmt.Println(id, err)
	_, err = register(2, "R1.example.com")
	fmt.Println(err)

	out, err := service.ChangeStatus(ctx, id, compute.ChangeStatus{Origin: command(3), ToStatus: compute.Decommissioned})
	for _, w := range out.Output.Warnings {
		fmt.Println(w.Code, out.Output.Critical, err)
	}
	_, err = register(2, "R1.example.com")
	fmt.Println(err)
	// Output:
	// df360daf-db2f-57c3-8817-08c324d4d1b7 <nil>
	// df360daf-db2f-57c3-8817-08c324d4d1b7 <nil>
	// hostname R1.example.com is taken by resource df360daf-db2f-57c3-8817-08c324d4d1b7
	// retired_while_provisioning false <nil>
	// <nil>
}
