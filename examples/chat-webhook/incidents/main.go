// Command incidents is a projection that asks for a log line for each resource that
// is decommissioned, and for an announcement of each new one.
package main

import refold "github.com/refold-dev/refold/sdk/go"

var hostname, toStatus = refold.StringField("hostname"), refold.StringField("to_status")

func init() {
	refold.Register(refold.Stateless{
		Name:   "incidents",
		Events: []string{"resource_registered", "status_changed"},
		Fold: func(e refold.Event, out *refold.Effects) error {
			switch {
			case e.Type() == "resource_registered":
				out.Insert("announcements", out.Object().Text("title", "A new resource").Text("hostname", hostname.Of(e)).JSON())
			case toStatus.Of(e) == "decommissioned":
				out.Log(refold.Warn, e.AggregateID().String()+" is gone")
			}
			return nil
		},
	})
}

func main() {}
