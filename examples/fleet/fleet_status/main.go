// Command fleet_status is a projection that counts compute resources by status,
// in its own memory.
package main

import (
	"errors"
	"maps"
	"slices"

	refold "github.com/refold-dev/refold/sdk/go"
)

var toStatus = refold.StringField("to_status")

// The resident state: the status of each resource, and how many have it.
var (
	statuses = map[refold.UUID]string{}
	counts   = map[string]int64{}
)

func init() {
	refold.Register(refold.Resident{
		Name:    "fleet_status",
		Version: "1.0.0",
		Events:  []string{"resource_registered", "status_changed"},
		Fold:    fold,
		Query:   query,
	})
}

func fold(e refold.Event, _ *refold.Effects) error {
	status := "provisioning"
	if e.Type() == "status_changed" {
		var ok bool
		if status, ok = toStatus.Get(e); !ok {
			return errors.New("to_status is missing or no string")
		}
	}
	id := e.AggregateID()
	if before, known := statuses[id]; known {
		counts[before]--
	}
	statuses[id] = status
	counts[status]++
	return nil
}

// query answers with one object by status, sorted; statuses that no resource
// has any more are left out.
func query(string) ([]byte, error) {
	var answer refold.Object
	for _, status := range slices.Sorted(maps.Keys(counts)) {
		if n := counts[status]; n > 0 {
			answer.Int(status, n)
		}
	}
	return answer.JSON(), nil
}

func main() {}
