// Command faults is a projection that panics.
package main

import refold "github.com/refold-dev/refold/sdk/go"

type counter struct{ totals []int }

func init() {
	var c counter
	refold.Register(refold.Stateless{Name: "faults", Fold: func(refold.Event, *refold.Effects) error {
		c.add()
		return nil
	}})
}

// add panics: nobody has made room.
//
//go:noinline
func (c *counter) add() {
	c.totals[0]++
}

func main() {}
