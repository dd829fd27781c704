package repository_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/repository"
	"github.com/refold-dev/refold/eventstore/snapshot"
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

// A long aggregate is loaded from its snapshot and the events after it. Event
// 150 is in the log when the first load takes one; two more come later.
func ExampleOptions() {
	ctx := context.Background()
	log := memory.New()
	host := resource(1)
	if _, err := log.Append(ctx, host, event.None(), history(host, 1, 150)...); err != nil {
		fmt.Println(err)
		return
	}
	folder, err := os.MkdirTemp("", "snapshots")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	logger := slog.New(slog.DiscardHandler)
	digest := [32]byte{} // of the catalog in front of the store; this one has none

	store := &reads{Store: log}
	resources := repository.New(store, compute.Definition(), repository.Options{
		Snapshots: snapshot.At(filepath.Join(folder, "snapshots")),
		Every:     100,    // events beyond the last snapshot; the default
		Digest:    digest, // of the event catalog, if there is one: catalog.Digest()
		Logger:    logger, // is told of snapshots that cannot be used or saved
	})
	resource, err := resources.Load(ctx, host.ID) // reads 150 events, and takes a snapshot
	fmt.Println(resource.Version, resource.State.AssetTag, err)

	if _, err := log.Append(ctx, host, event.Exactly(150), history(host, 151, 2)...); err != nil {
		fmt.Println(err)
		return
	}
	resource, err = resources.Load(ctx, host.ID) // reads 3: the snapshot's last, as a proof, and two more
	fmt.Println(resource.Version, resource.State.AssetTag, err)
	fmt.Println(store.take())
	// Output:
	// 150 T-150 <nil>
	// 152 T-152 <nil>
	// [1+150 150+3]
}
