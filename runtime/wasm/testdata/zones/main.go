// Command zones is the tests' plugin for the history of civil time: it keeps where
// each time zone's clocks stand, and asks for a row for each period that ends.
package main

import (
	"maps"
	"slices"

	refold "github.com/refold-dev/refold/sdk/go"
)

var (
	name         = refold.StringField("zone")
	offset       = refold.IntField("offset")
	abbreviation = refold.StringField("abbreviation")
)

// zone is what is known of one.
type zone struct {
	changes, offset, since, longest int64
	abbreviation                    string
}

var zones = map[string]*zone{}

func init() {
	refold.Register(refold.Resident{Name: "zones", Events: []string{"clock_changed"}, Fold: fold, Query: query})
}

func fold(e refold.Event, out *refold.Effects) error {
	key, at := name.Of(e), e.Time().Unix()
	z := zones[key]
	if z == nil {
		z = &zone{}
		zones[key] = z
	}
	if z.changes > 0 {
		z.longest = max(z.longest, at-z.since)
		out.Insert("periods", out.Object().Text("zone", key).Int("since", z.since).Int("until", at).
			Int("offset", z.offset).Text("abbreviation", z.abbreviation).JSON())
	}
	z.changes++
	z.offset, z.since, z.abbreviation = offset.Of(e), at, abbreviation.Of(e)
	return nil
}

func query(string) ([]byte, error) {
	var answer refold.Object
	for _, key := range slices.Sorted(maps.Keys(zones)) {
		var o refold.Object
		z := zones[key]
		answer.Raw(key, o.Int("changes", z.changes).Int("offset", z.offset).Int("longest", z.longest).
			Text("abbreviation", z.abbreviation).JSON())
	}
	return answer.JSON(), nil
}

func main() {}
