// Command fickle is a keyed projection that counts events by key, keeps a row
// for each, and misbehaves when an event tells it to.
package main

import refold "github.com/refold-dev/refold/sdk/go"

var (
	do   = refold.StringField("do")
	size = refold.IntField("size")
)

type counter struct {
	Count int64  `json:"count"`
	Last  uint64 `json:"last"`
	Pad   string `json:"pad,omitempty"`
}

func init() {
	refold.Register(refold.Keyed[counter]{Name: "fickle", Version: "1.0.0", Key: "key", Fold: fold})
}

type refusal string

func (r refusal) Error() string { return string(r) }

func fold(s *counter, e refold.Event, out *refold.Effects) error {
	s.Count++
	s.Last = e.Position()
	switch do.Of(e) {
	case "reject":
		return refusal("told to")
	case "trap":
		panic("told to")
	case "spin":
		for {
			s.Count++
		}
	case "recurse":
		s.Count += descend(s.Count)
	case "remove":
		out.RemoveState()
		out.Delete("counters", e.Key())
		return nil
	case "query":
		out.Query("SELECT 1", []byte("{}"))
	case "emit":
		out.EmitEvent("told_to", []byte("{}"))
	case "log":
		out.Log(refold.Info, "told to")
	case "stray":
		out.Insert("no_such_table", []byte("{}"))
	case "grow":
		s.Pad = string(make([]byte, size.Of(e)))
	}
	out.Insert("counters", out.Object().Text("name", e.Key()).Int("count", s.Count).Uint("last", s.Last).JSON())
	return nil
}

// descend calls itself for ever.
//
//go:noinline
func descend(n int64) int64 { return descend(n+1) + 1 }

func main() {}
