// Command numbered is a projection that breaks a law: it numbers events in its own
// memory, though it says that it is stateless.
package main

import refold "github.com/refold-dev/refold/sdk/go"

var count int64

func init() {
	refold.Register(refold.Stateless{Name: "numbered", Version: "1.0.0", Events: []string{"seen"}, Fold: fold})
}

func fold(_ refold.Event, out *refold.Effects) error {
	count++
	out.Insert("numbers", out.Object().Int("number", count).JSON())
	return nil
}

func main() {}
