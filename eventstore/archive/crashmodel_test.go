package archive_test

import (
	"testing"

	"github.com/refold-dev/refold/eventstore/storetest"
	"github.com/refold-dev/refold/eventstore/storetest/process"
)

// TestStoreCrash kills the process that has a log's server and the archive in
// front of it.
func TestStoreCrash(t *testing.T) {
	storetest.RunCrash(t, func(_ *testing.T, dir string) storetest.Rig {
		return &process.Rig{Store: "archive", Dir: dir}
	})
}
