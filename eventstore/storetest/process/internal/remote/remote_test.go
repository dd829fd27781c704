package remote_test

import (
	"net"
	"testing"

	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/storetest"
	"github.com/refold-dev/refold/eventstore/storetest/process/internal/remote"
)

// TestStore runs the suite through the connection: nothing that a store says
// is lost on the way.
func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Features{}, func(t *testing.T) eventstore.Store {
		here, there := net.Pipe()
		served := make(chan error, 1)
		go func() { served <- remote.Serve(memory.New(), there) }()
		s, err := remote.Dial(here).Hello()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := here.Close(); err != nil {
				t.Error(err)
			}
			if err := <-served; err != nil {
				t.Error(err)
			}
		})
		return s.(eventstore.Store)
	})
}
