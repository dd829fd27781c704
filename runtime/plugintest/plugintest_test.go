package plugintest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/runtime/plugintest"
	"github.com/refold-dev/refold/runtime/projection"
	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/conformance"
)

const update = "UPDATE_GOLDEN"

// load builds and loads the mirror, which says back what it reads and does what it
// is told.
func load(t *testing.T) *projection.Projection {
	t.Helper()
	ctx := context.Background()
	host, err := wasm.NewHost(ctx, wasm.Options{CacheDir: conformance.Modules(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { host.Close(ctx) })
	m, err := host.Load(ctx, conformance.BuildC(t, "../../sdk/c", "../../sdk/conformance/guests/c/mirror.c"), wasm.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return projection.New(m, "")
}

// TestGolden runs the cases of testdata: cases.yaml gives the report in want.txt
// and, updated, updated.yaml, whose cases pass.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	p := load(t)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			text := archive.Files[0].Data
			got["want.txt"] = report(t, p, text, func(updated []byte) { got["updated.yaml"] = string(updated) })
			for i := range archive.Files[1:] {
				f := &archive.Files[i+1]
				if d := cmp.Diff(string(f.Data), got[f.Name]); d != "" && os.Getenv(update) == "" {
					t.Errorf("%s (-want +got), or rewrite it with %s=1:\n%s", f.Name, update, d)
				}
				f.Data = []byte(got[f.Name])
			}
			if os.Getenv(update) != "" {
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func report(t *testing.T, p *projection.Projection, text []byte, updated func([]byte)) string {
	t.Helper()
	suite, err := plugintest.Parse("cases.yaml", text)
	if err != nil {
		return err.Error() + "\n"
	}
	results, err := suite.Run(context.Background(), p)
	if err != nil {
		return err.Error() + "\n"
	}
	var b strings.Builder
	for i := range results {
		fmt.Fprintf(&b, "%s:%d %s: passed %t\n", results[i].Pos.File, results[i].Pos.Line, results[i].Name, results[i].Passed())
		for _, f := range results[i].Failures {
			fmt.Fprintf(&b, "%s: %s\n%s\n", f.Pos, f.What, f.Text)
		}
	}
	fresh, err := suite.Update(p, results)
	if err != nil {
		t.Fatal(err)
	}
	updated(fresh)
	suite, err = plugintest.Parse("cases.yaml", fresh)
	if err != nil {
		t.Fatal(err)
	}
	if results, err = suite.Run(context.Background(), p); err != nil {
		t.Fatal(err)
	}
	for i := range results {
		if !results[i].Passed() && !strings.Contains(results[i].Name, "cannot be updated") {
			t.Errorf("%s fails once it is updated: %v\n%s", results[i].Name, results[i].Failures, fresh)
		}
	}
	return b.String()
}

// TestLoadOfAMissingFile: not a mistake in YAML.
func TestLoadOfAMissingFile(t *testing.T) {
	var errs config.Errors
	if _, err := plugintest.Load(filepath.Join(t.TempDir(), "none.yaml")); !errors.Is(err, os.ErrNotExist) || errors.As(err, &errs) {
		t.Errorf("error %v", err)
	}
}

// TestTheModuleIsRelativeToTheFile: and absolute paths stay.
func TestTheModuleIsRelativeToTheFile(t *testing.T) {
	for module, want := range map[string]string{"m.wasm": filepath.Join("a", "b", "m.wasm"), "/m.wasm": "/m.wasm"} {
		suite, err := plugintest.Parse("a/b/c.yaml", fmt.Appendf(nil, "module: %s\ncases: [{name: n, when: [{type: e}]}]\n", module))
		if err != nil || suite.Module != want {
			t.Errorf("%s is %v, %v", module, suite, err)
		}
	}
}

// TestWrittenLogsAreReadBack: what Write says of a log is all that there is to say.
func TestWrittenLogsAreReadBack(t *testing.T) {
	texts := []string{"", "a", "true", "null", "1", "x: y", "- z", "# no comment", "größe", "two\nlines", " ", "\t", "'", `"`, "\x00", "2026-01-01", "~", "<<"}
	rapid.Check(t, func(t *rapid.T) {
		id := func(name string) uuid.UUID {
			return uuid.UUID{0: byte(rapid.IntRange(0, 3).Draw(t, name)), 8: 0x80, 15: 1}
		}
		var log projection.Log
		versions := map[event.Aggregate]event.Version{}
		for i := range rapid.IntRange(1, 6).Draw(t, "events") {
			data, err := marshal(map[string]any{
				rapid.SampledFrom(texts).Draw(t, "name"): rapid.SampledFrom(texts).Draw(t, "text"),
				"n":                                      json.Number(rapid.SampledFrom([]string{"0", "-1", "1.50", "1e3", "18446744073709551616", "-0.0"}).Draw(t, "number")),
				"nested":                                 []any{nil, true, map[string]any{}, []any{}},
			})
			if err != nil {
				t.Fatal(err)
			}
			e := event.Recorded{Position: event.Position(i + 1), Event: plugintest.Envelope(event.Event{Type: "e", SchemaVersion: 1, Data: data},
				event.Position(i+1), rapid.IntRange(1, 3).Draw(t, "aggregate"))}
			if rapid.Bool().Draw(t, "odd") {
				e.ID, e.CorrelationID, e.Aggregate.ID = id("id"), id("correlation"), id("aggregate id")
				e.Time = time.Unix(0, rapid.Int64Range(0, 1e18).Draw(t, "time")).UTC()
				e.CausationID, e.Metadata, e.SchemaVersion = uuid.NullUUID{UUID: id("cause"), Valid: true}, json.RawMessage(`{"a":1}`), 3
				e.Aggregate.Type = "other"
			}
			versions[e.Aggregate]++
			e.Version = versions[e.Aggregate] + event.Version(rapid.IntRange(0, 1).Draw(t, "skip"))
			versions[e.Aggregate] = e.Version
			log.Events = append(log.Events, e)
		}
		log.Batches = []int{1}
		text := plugintest.Write(plugintest.Suite{Module: "m.wasm"}, []plugintest.Counterexample{{Name: "n", Breach: "two\nlines", Log: log}})
		suite, err := plugintest.Parse("c.yaml", text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		_, when := suite.Cases[0].Recorded()
		if d := cmp.Diff(log.Events, when); d != "" {
			t.Errorf("%s\n%s", d, text)
		}
		if d := cmp.Diff(log.Sizes(), projection.Log{Events: when, Batches: suite.Cases[0].Batches}.Sizes()); d != "" {
			t.Error(d)
		}
	})
}

// marshal writes JSON the way a file of cases is read.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// FuzzParse: no text makes the reader panic, and what it takes has a name and an
// event.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(archive.Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		suite, err := plugintest.Parse("c.yaml", text)
		if err != nil {
			return
		}
		for i := range suite.Cases {
			if c := &suite.Cases[i]; c.Name == "" || len(c.When) == 0 {
				t.Errorf("case %+v", c)
			}
			suite.Cases[i].Recorded()
		}
	})
}

// TestJUnit: what build servers read, whatever is in a name or a difference.
func TestJUnit(t *testing.T) {
	at := func(line int) config.Pos { return config.Pos{File: "a_test.yaml", Line: line, Column: 5} }
	files := []plugintest.Ran{
		{File: "a_test.yaml", Results: []plugintest.Result{
			{Name: "good", Pos: at(3), Elapsed: 1500 * time.Millisecond},
			{Name: `<b> & "c" \x00\x1b[31m` + "\x00\x1b\xff\uFFFE\u2028😀\n", Pos: at(9), Elapsed: 10 * time.Millisecond, Failures: []plugintest.Failure{
				{What: "state", Pos: at(12), Text: "-a\n+<b>]]>\x07"}, {What: "split", Pos: at(9), Text: "it does matter"}}},
		}},
		{File: "b_test.yaml", Err: config.Errors{{Pos: config.Pos{File: "b_test.yaml", Line: 1, Column: 1}, Message: "there is no case"}}},
	}
	text, err := plugintest.JUnit(files)
	if err != nil {
		t.Fatal(err)
	}
	const want = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="refold plugin test" tests="3" failures="1" errors="1" time="1.510">
  <testsuite name="a_test.yaml" tests="2" failures="1" errors="0" time="1.510" file="a_test.yaml">
    <testcase name="good" classname="a_test" time="1.500"></testcase>
    <testcase name="&lt;b&gt; &amp; &#34;c&#34; \x00\x1b[31m���� 😀&#xA;" classname="a_test" time="0.010">
      <failure message="differs: state, split" type="state">a_test.yaml:12:5: state&#xA;-a&#xA;+&lt;b&gt;]]&gt;�&#xA;&#xA;a_test.yaml:9:5: split&#xA;it does matter</failure>
    </testcase>
  </testsuite>
  <testsuite name="b_test.yaml" tests="1" failures="0" errors="1" time="0.000" file="b_test.yaml">
    <testcase name="the file is run" classname="b_test" time="0.000">
      <error message="b_test.yaml:1:1: there is no case" type="error">b_test.yaml:1:1: there is no case</error>
    </testcase>
  </testsuite>
</testsuites>
`
	if d := cmp.Diff(want, string(text)); d != "" {
		t.Error(d)
	}
	checkSurefire(t, text)
}

// surefire are the elements that Maven's Surefire writes, and that build servers
// hold files to: those that each may be in, and the attributes that it must have and
// may have.
var surefire = map[string]struct{ in, must, may string }{
	"testsuites": {"", "", "name time tests failures errors"},
	"testsuite":  {"testsuites testsuite", "name tests failures errors", "group time skipped timestamp hostname id package file log url"},
	"testcase":   {"testsuite", "name", "time classname group"},
	"failure":    {"testcase", "", "type message"},
	"error":      {"testcase", "", "type message"},
}

func checkSurefire(t *testing.T, text []byte) {
	t.Helper()
	var within []string
	for d := xml.NewDecoder(bytes.NewReader(text)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("a strict reader says: %v", err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			rule, known := surefire[e.Name.Local]
			if parent := strings.Join(within[max(0, len(within)-1):], ""); !known || !slices.Contains(strings.Split(rule.in, " "), parent) {
				t.Errorf("%s is within %q", e.Name.Local, parent)
			}
			var has []string
			for _, a := range e.Attr {
				has = append(has, a.Name.Local)
				if !slices.Contains(strings.Fields(rule.must+" "+rule.may), a.Name.Local) {
					t.Errorf("%s has no attribute %s", e.Name.Local, a.Name.Local)
				}
			}
			for _, name := range strings.Fields(rule.must) {
				if !slices.Contains(has, name) {
					t.Errorf("%s lacks %s", e.Name.Local, name)
				}
			}
			within = append(within, e.Name.Local)
		case xml.EndElement:
			within = within[:len(within)-1]
		}
	}
}
