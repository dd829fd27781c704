// Command map_order is a keyed projection whose effects are in the order of a map's
// iteration.
package main

import refold "github.com/refold-dev/refold/sdk/go"

var name = refold.StringField("name")

type names struct {
	Seen map[string]int64 `json:"seen"`
}

func init() {
	refold.Register(refold.Keyed[names]{Name: "map_order", Events: []string{"named"}, Fold: fold})
}

func fold(s *names, e refold.Event, out *refold.Effects) error {
	if s.Seen == nil {
		s.Seen = map[string]int64{}
	}
	s.Seen[name.Of(e)]++
	for name, n := range s.Seen {
		out.Insert("names", out.Object().Text("name", name).Int("n", n).JSON())
	}
	return nil
}

func main() {}
