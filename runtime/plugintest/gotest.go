package plugintest

import (
	"context"
	"testing"

	"github.com/refold-dev/refold/runtime/projection"
	"github.com/refold-dev/refold/runtime/wasm"
)

// Test runs the cases in a file as part of a test in Go, against the module at a
// path, in the place of the one that the file names.
func Test(t testing.TB, file, module string) {
	t.Helper()
	suite, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	host, err := wasm.NewHost(ctx, wasm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close(ctx)
	m, err := host.Load(ctx, module, wasm.Limits{FuelPerEvent: suite.FuelPerEvent})
	if err != nil {
		t.Fatal(err)
	}
	results, err := suite.Run(ctx, projection.New(m, suite.Key))
	if err != nil {
		t.Fatal(err)
	}
	for i := range results {
		for _, f := range results[i].Failures {
			t.Errorf("%s: %s: %s\n%s", f.Pos, results[i].Name, f.What, f.Text)
		}
	}
}
