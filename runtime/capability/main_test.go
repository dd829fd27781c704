package capability

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/refold-dev/refold/plugins/postgres/postgrestest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	for _, err := range []error{postgrestest.Stop(), goleak.Find()} {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
