// Command moody is a resident projection that counts events by type, keeps a
// row for each event, and fails at some queries and at events that spoil its mood.
package main

import (
	"encoding/json"
	"errors"

	refold "github.com/refold-dev/refold/sdk/go"
)

var counts = map[string]int64{}

func init() {
	refold.Register(refold.Resident{Name: "moody", Version: "1.0.0", Fold: fold, Query: query})
}

func fold(e refold.Event, out *refold.Effects) error {
	counts[e.Type()]++
	switch e.Type() {
	case "mood_spoiled":
		panic("by an event")
	case "mood_soured":
		return errors.New("by an event")
	}
	out.Insert("passed", out.Object().Uint("position", e.Position()).Int("nth", counts[e.Type()]).JSON())
	return nil
}

func query(text string) ([]byte, error) {
	switch text {
	case "trap":
		panic("asked to")
	case "refuse":
		return nil, errors.New("asked to")
	case "change":
		counts["changed by a query"]++
	case "babble":
		return []byte("no JSON"), nil
	}
	return json.Marshal(counts)
}

func main() {}
