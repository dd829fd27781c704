// Command random_reject is a stateless projection that rejects events by the throw
// of a die.
package main

import (
	"errors"
	"math/rand/v2"

	refold "github.com/refold-dev/refold/sdk/go"
)

func init() {
	refold.Register(refold.Stateless{Name: "random_reject", Events: []string{"named"}, Fold: fold})
}

func fold(refold.Event, *refold.Effects) error {
	if rand.IntN(3) == 0 {
		return errors.New("not today")
	}
	return nil
}

func main() {}
