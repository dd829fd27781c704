package storetest_test

import (
	"os"
	"testing"

	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/storetest"
	"github.com/refold-dev/refold/eventstore/storetest/process"
)

// The test of a store.
func ExampleRun() {
	_ = func(t *testing.T) { // TestStore
		storetest.Run(t, storetest.Features{}, func(t *testing.T) eventstore.Store {
			s := memory.New()
			t.Cleanup(func() { _ = s.Close() })
			return s
		})
	}
}

// The test of a store whose log outlives it. The test program runs itself as
// the process that is killed.
func ExampleRunCrash() {
	openMine := func(dir string) (eventstore.Log, error) { return memory.New(), nil }

	_ = func(m *testing.M) { // TestMain
		process.Serve(map[string]process.Open{"mine": openMine})
		os.Exit(m.Run())
	}
	_ = func(t *testing.T) { // TestCrash
		storetest.RunCrash(t, func(_ *testing.T, dir string) storetest.Rig {
			return &process.Rig{Store: "mine", Dir: dir}
		})
	}
}
