package catalog_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/refold-dev/refold/domain/catalog"
	"github.com/refold-dev/refold/domain/event"
)

func ExampleNew() {
	types, err := catalog.New(catalog.Type{
		Name:    "resource_registered",
		Version: 3,
		Fields: []catalog.Field{
			{Name: "fqdn", Type: catalog.StringType},
			{Name: "resource_type", Type: catalog.StringType},
			{Name: "tags", Type: catalog.ArrayType},
		},
		Upcasters: []catalog.Upcaster{
			{From: 1, Steps: []catalog.Step{catalog.Add{Field: "tags", Default: []byte(`[]`)}}},
			{From: 2, Steps: []catalog.Step{catalog.Rename{Field: "hostname", To: "fqdn"}}},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := types.Upcast(event.Event{
		Type: "resource_registered", SchemaVersion: 1,
		Data: json.RawMessage(`{"hostname":"a.example.com","rack_units":2.0,"resource_type":"router"}`),
	})
	fmt.Println(e.SchemaVersion, string(e.Data), err)

	_, err = types.Upcast(event.Event{Type: "resource_registered", SchemaVersion: 4})
	var newer *catalog.NewerSchemaError
	if errors.As(err, &newer) {
		fmt.Println("found", newer.Found, "known", newer.Known)
	}
	// Output:
	// 3 {"fqdn":"a.example.com","rack_units":2.0,"resource_type":"router","tags":[]} <nil>
	// found 4 known 3
}

func ExampleFunc() {
	split := catalog.Func{Name: "split hostname", Revision: "1", Up: func(o *catalog.Object) error {
		var hostname string
		if err := o.Decode("hostname", &hostname); err != nil {
			return err
		}
		name, domain, _ := strings.Cut(hostname, ".")
		if err := o.Set("hostname", name); err != nil {
			return err
		}
		return o.Set("domain", domain)
	}}
	types, err := catalog.New(catalog.Type{
		Name: "resource_registered", Version: 2,
		Upcasters: []catalog.Upcaster{{From: 1, Steps: []catalog.Step{split}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := types.Upcast(event.Event{
		Type: "resource_registered", SchemaVersion: 1,
		Data: json.RawMessage(`{"hostname":"a.example.com","mtu":1500}`),
	})
	fmt.Println(string(e.Data), err)

	// A chain with a gap is found at the start, not at the first old event.
	_, err = catalog.New(catalog.Type{Name: "resource_registered", Version: 3, Upcasters: []catalog.Upcaster{{From: 1, Steps: []catalog.Step{split}}}})
	fmt.Println(err)
	// Output:
	// {"hostname":"a","mtu":1500,"domain":"example.com"} <nil>
	// event type "resource_registered": the way to version 3 has a gap: there is no upcaster from version 2
}
