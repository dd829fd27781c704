// Command stock is a projection that runs as a process: how much there is of each
// item. But for main it is written as for the sandbox.
package main

import (
	"errors"

	refold "github.com/refold-dev/refold/sdk/go"
	"github.com/refold-dev/refold/sdk/process"
)

var pieces = refold.IntField("pieces")

// stock is the state of an item.
type stock struct {
	Pieces  int64 `json:"pieces"`
	Changes int64 `json:"changes"`
}

func init() {
	refold.Register(refold.Keyed[stock]{
		Name:   "stock",
		Key:    "item",
		Events: []string{"stock_received", "stock_shipped"},
		Fold:   fold,
	})
}

func fold(s *stock, e refold.Event, out *refold.Effects) error {
	n := pieces.Of(e)
	if n <= 0 {
		return errors.New("pieces must be 1 or more")
	}
	if e.Type() == "stock_shipped" {
		n = -n
	}
	s.Pieces += n
	s.Changes++
	out.Insert("items", out.Object().Text("item", e.Key()).Int("pieces", s.Pieces).Int("changes", s.Changes).JSON())
	return nil
}

func main() { process.ServeProjection() }
