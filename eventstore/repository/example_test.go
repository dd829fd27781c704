package repository_test

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/repository"
)

func ExampleRepository_Execute() {
	ctx := context.Background()
	store := memory.New()
	id := uuid.MustParse("01900000-0000-7000-8000-0000000000a0")
	at := time.Date(2026, 1, 31, 9, 30, 0, 0, time.UTC)
	name, err := compute.ParseHostname("a.example.com")
	if err != nil {
		fmt.Println(err)
		return
	}

	resources := repository.New(store, compute.Definition(), repository.Options{})
	register := compute.RegisterResource{
		EventID: uuid.MustParse("01900000-0000-7000-8000-000000000001"), Time: at, CorrelationID: id,
		Hostname: name, ResourceType: compute.Router,
	}
	resource, err := resources.Execute(ctx, id, register)
	fmt.Println(resource.Version, resource.State.Hostname, err)

	_, err = resources.Execute(ctx, id, compute.AddPolicy{ // load, decide, append; after a conflict, again
		Origin:   compute.Origin{EventID: uuid.MustParse("01900000-0000-7000-8000-000000000002"), Time: at, CorrelationID: id},
		PolicyID: compute.PolicyID{UUID: uuid.MustParse("01900000-0000-7000-8000-0000000000b0")},
	})
	fmt.Println(err)
	// Output:
	// 1 a.example.com <nil>
	// <nil>
}
