package plugincheck_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/plugincheck"
	"github.com/refold-dev/refold/runtime/plugintest"
	"github.com/refold-dev/refold/runtime/projection"
	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/conformance"
)

const kit = "../../sdk/c"

// load loads a module with the fuel that an event may cost that is tried out.
func load(t *testing.T, path string) *projection.Projection {
	t.Helper()
	ctx := context.Background()
	host, err := wasm.NewHost(ctx, wasm.Options{CacheDir: conformance.Modules(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := host.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	m, err := host.Load(ctx, path, wasm.Limits{FuelPerEvent: 200_000_000})
	if err != nil {
		t.Fatal(err)
	}
	return projection.New(m, "")
}

// check tries laws on as many logs as it takes to catch whatever is lawless here.
func check(t *testing.T, p *projection.Projection, happened []event.Event, laws ...string) *plugincheck.Report {
	t.Helper()
	return checkOn(t, p, happened, plugincheck.Options{Cases: 6, Laws: laws})
}

func checkOn(t *testing.T, p *projection.Projection, happened []event.Event, o plugincheck.Options) *plugincheck.Report {
	t.Helper()
	report, err := plugincheck.Check(context.Background(), p, plugincheck.NewVocabulary(p, happened, nil), o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// broken are the laws that a report says are broken.
func broken(r *plugincheck.Report) (laws []string) {
	for _, v := range r.Laws {
		if v.Breach != "" {
			laws = append(laws, v.Law)
		}
	}
	return laws
}

// TestLawlessProjectionsAreCaught: each breaks the laws that it is made to break,
// the counterexample is short, and as a case it fails.
func TestLawlessProjectionsAreCaught(t *testing.T) {
	for _, c := range []struct {
		guest  string
		breaks []string
		events int // in the longest counterexample
	}{
		{"surviving_counter", []string{"determinism", "snapshot", "isolation"}, 2},
		{"batch_size", []string{"split"}, 2},
		{"batch_counter", []string{"split"}, 2},
		{"leftover", []string{"determinism"}, 3},
		{"null_trap", []string{"totality"}, 1},
		{"mixed_keys", []string{"split", "isolation"}, 2},
		{"leak", []string{"limits"}, 1},
		{"endless", []string{"limits"}, 1},
		{"key_hash", []string{"isolation"}, 2},
		{"key_start", []string{"isolation"}, 2},
		{"few_places", []string{"split"}, 65},
		{"forgotten_member", []string{"split"}, 2},
		{"wrong_cause", []string{"split"}, 2},
		{"dangling", []string{"determinism", "split"}, 3},
		{"finer_cache", []string{"snapshot"}, 4},
		{"counted_queries", []string{"queries"}, 1},
		{"kept_answers", []string{"limits"}, 1},
		{"short_text", []string{"totality"}, 1},
		{"raw_row", []string{"totality"}, 1},
		{"foreign_type", []string{"totality"}, 1},
		{"first_schema", []string{"totality"}, 2},
		{"rounded_state", []string{"split"}, 2},
		{"script.js", []string{"determinism", "snapshot"}, 2},
		// How short these two get depends on the module's own chance, and so on
		// its bytes: what was left out may break nothing by chance.
		{"map_order", []string{"determinism"}, 12},
		{"random_reject", []string{"determinism"}, 12},
	} {
		t.Run(c.guest, func(t *testing.T) {
			t.Parallel()
			path := build(t, "lawless/"+c.guest)
			p := load(t, path)
			report := check(t, p, nil, c.breaks...)
			laws := broken(report)
			for _, law := range c.breaks {
				if !slices.Contains(laws, law) {
					t.Errorf("%s is not found to be broken, but %v", law, laws)
				}
			}
			for _, x := range report.Counterexamples() {
				t.Logf("%s\n%s", x.Breach, plugintest.Write(plugintest.Suite{Module: path}, []plugintest.Counterexample{x}))
				checkCase(t, p, x)
			}
			if n := longest(report, c.breaks); n > c.events {
				t.Errorf("a counterexample has %d events, want at most %d", n, c.events)
			}
		})
	}
}

func build(t *testing.T, guest string) string {
	dir := filepath.Join("testdata", guest)
	if filepath.Ext(dir) == ".js" {
		return dir
	}
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return conformance.BuildGo(t, dir)
	}
	if _, err := os.Stat("testdata/lawless/common.h"); err != nil { // go test caches results, and sees what this process looks at
		t.Fatal(err)
	}
	return conformance.BuildC(t, kit, dir+".c")
}

func longest(r *plugincheck.Report, laws []string) (n int) {
	for _, v := range r.Laws {
		if v.Counterexample != nil && slices.Contains(laws, v.Law) {
			n = max(n, len(v.Counterexample.Log.Events))
		}
	}
	return n
}

// checkCase holds that a counterexample, written as a case and read again, fails
// for the law that it is about.
func checkCase(t *testing.T, p *projection.Projection, x plugintest.Counterexample) {
	t.Helper()
	text := plugintest.Write(plugintest.Suite{Module: "guest.wasm"}, []plugintest.Counterexample{x})
	suite, err := plugintest.Parse("case.yaml", text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	results, err := suite.Run(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	if results[0].Passed() {
		t.Errorf("the case passes:\n%s", text)
	}
	law, _, _ := strings.Cut(x.Name, ":")
	if law == "totality" {
		law = "failed"
	}
	if !slices.ContainsFunc(results[0].Failures, func(f plugintest.Failure) bool { return f.What == law || f.What == "failed" }) {
		t.Errorf("the case does not fail for %s: %v", law, results[0].Failures)
	}
}

// TestLawfulProjectionsPass: nothing is found in the guests of the examples and in
// the mirrors of the kits, with and without events that happened.
func TestLawfulProjectionsPass(t *testing.T) {
	history := events(t, "../../examples/git-history/sample.jsonl")
	for name, guest := range map[string]struct {
		build  func(t *testing.T) string
		events []event.Event
	}{
		"commits_by_author in Go":         {goGuest("../../examples/git-history/go/commits_by_author"), history},
		"lines_by_dir in Go":              {goGuest("../../examples/git-history/go/lines_by_dir"), history},
		"commits_by_author in C":          {cGuest("../../examples/git-history/c/commits_by_author/commits_by_author.c"), history},
		"lines_by_dir in C":               {cGuest("../../examples/git-history/c/lines_by_dir/lines_by_dir.c"), history},
		"fleet":                           {goGuest("../../examples/fleet/fleet"), nil},
		"fleet_status":                    {goGuest("../../examples/fleet/fleet_status"), nil},
		"commits_by_author in JavaScript": {script("../../examples/git-history/javascript/commits_by_author.js"), history},
		"lines_by_dir in JavaScript":      {script("../../examples/git-history/javascript/lines_by_dir.js"), history},
		"the mirror in JavaScript":        {script("../../sdk/conformance/guests/javascript/mirror.js"), nil},
		"the mirror in Go":                {goGuest("../../sdk/conformance/guests/go"), nil},
		"the mirror in Rust": {func(t *testing.T) string {
			return conformance.BuildRust(t, "../../sdk/rust", "../../sdk/conformance/guests/rust/mirror.rs")
		}, nil},
		"the mirror in AssemblyScript": {func(t *testing.T) string {
			return conformance.BuildAssemblyScript(t, "../../sdk/assemblyscript", "../../sdk/conformance/guests/assemblyscript/mirror.ts")
		}, nil},
		"the mirror in C": {cGuest("../../sdk/conformance/guests/c/mirror.c"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := plugincheck.Options{Cases: 3, GrowthLogs: 1}
			if strings.HasSuffix(name, "in C") && guest.events != nil { // which run ten times as fast as some
				options = plugincheck.Options{Cases: 25}
			}
			report := checkOn(t, load(t, guest.build(t)), guest.events, options)
			if !report.Holds() {
				t.Errorf("%s\n%s", report.Counterexamples()[0].Breach, plugintest.Write(plugintest.Suite{Module: "m"}, report.Counterexamples()))
			}
			if folded := report.Tried.Events - report.Tried.Filtered - report.Tried.Rejected; folded < report.Tried.Events/2 {
				t.Errorf("most events were left out or rejected: %+v", report.Tried)
			}
		})
	}
}

func script(path string) func(*testing.T) string { return func(*testing.T) string { return path } }

func goGuest(dir string) func(*testing.T) string {
	return func(t *testing.T) string { return conformance.BuildGo(t, dir) }
}

func cGuest(source string) func(*testing.T) string {
	return func(t *testing.T) string { return conformance.BuildC(t, kit, source) }
}

func events(t *testing.T, file string) (list []event.Event) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		e, err := event.ParseJSON([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		if list = append(list, e); len(list) == 2000 {
			break
		}
	}
	return list
}

// TestAModuleThatDoesNotLoadBreaksOneLaw: what it imports is named, and nothing else
// is tried.
func TestAModuleThatDoesNotLoadBreaksOneLaw(t *testing.T) {
	ctx := context.Background()
	host, err := wasm.NewHost(ctx, wasm.Options{CacheDir: conformance.Modules(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close(ctx)
	_, err = host.Load(ctx, build(t, "lawless/clock"), wasm.Limits{})
	var guest *runtime.GuestError
	if !errors.As(err, &guest) {
		t.Fatal(err)
	}
	report := plugincheck.Refused(guest)
	if laws := broken(report); report.Holds() || !slices.Equal(laws, []string{plugincheck.Imports}) || !strings.Contains(report.Laws[0].Breach, "env.now") {
		t.Errorf("%v: %+v", laws, report.Laws[0])
	}
	for _, v := range report.Laws[1:] {
		if v.Skipped == "" {
			t.Errorf("%s is not said to be skipped", v.Law)
		}
	}
}

// TestOddProjectionsPass: what they do is unusual, and lawful.
func TestOddProjectionsPass(t *testing.T) {
	for _, guest := range []string{"memo", "removing", "empty_state", "refusing", "all_positions"} {
		t.Run(guest, func(t *testing.T) {
			t.Parallel()
			if report := check(t, load(t, build(t, "lawful/"+guest)), nil); !report.Holds() {
				t.Errorf("%s\n%s", report.Counterexamples()[0].Breach, plugintest.Write(plugintest.Suite{Module: "m"}, report.Counterexamples()))
			}
		})
	}
}

// TestWhatIsNotSeenIsTold: a resident projection that does not answer for its state
// may have any.
func TestWhatIsNotSeenIsTold(t *testing.T) {
	for guest, unseen := range map[string]bool{"lawless/silent": true, "lawful/refusing": true, "lawless/batch_counter": false, "lawless/batch_size": false} {
		if r := check(t, load(t, build(t, guest)), nil, "split"); r.Unseen != unseen {
			t.Errorf("%s: unseen %t", guest, r.Unseen)
		}
	}
}

// TestGrowthOfAStateIsTold: it breaks no law.
func TestGrowthOfAStateIsTold(t *testing.T) {
	for guest, grows := range map[string]bool{"lawful/all_positions": true, "lawful/refusing": false, "lawful/memo": false} {
		if r := check(t, load(t, build(t, guest)), nil, "totality"); !r.Holds() || (r.Growth != "") != grows {
			t.Errorf("%s: %t, growth %q", guest, r.Holds(), r.Growth)
		}
	}
}

// TestTheSameSeedGivesTheSameReport: invariant 1.
func TestTheSameSeedGivesTheSameReport(t *testing.T) {
	p := load(t, build(t, "lawless/batch_size"))
	a, b := check(t, p, nil), check(t, p, nil)
	if d := cmp.Diff(a, b); d != "" {
		t.Error(d)
	}
}
