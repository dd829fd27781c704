// Command herald is a stateless projection that logs a line for each event.
package main

import refold "github.com/refold-dev/refold/sdk/go"

func init() {
	refold.Register(refold.Stateless{Name: "herald", Version: "1.0.0", Fold: fold})
}

func fold(e refold.Event, out *refold.Effects) error {
	out.Log(refold.Info, e.Type())
	return nil
}

func main() {}
