package upcast_test

import (
	"context"
	"fmt"

	"github.com/refold-dev/refold/domain/catalog"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/upcast"
)

func ExampleWrap() {
	ctx := context.Background()
	log := memory.New()
	old := fact(1, "host_registered", 1, `{"hostname":"a.example.com"}`)
	if _, err := log.Append(ctx, agg, event.None(), old); err != nil {
		fmt.Println(err)
		return
	}
	types, err := catalog.New(catalog.Type{
		Name: "host_registered", Version: 2,
		Upcasters: []catalog.Upcaster{{From: 1, Steps: []catalog.Step{catalog.Rename{Field: "hostname", To: "fqdn"}}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	store := upcast.Wrap(log, types)
	events, err := store.Read(ctx, agg, 1)
	for _, r := range events { // also after an error: those before it
		fmt.Println(r.Version, r.SchemaVersion, string(r.Data))
	}
	fmt.Println(err)
	// Output:
	// 1 2 {"fqdn":"a.example.com"}
	// <nil>
}
