package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/cmd/refold/internal/enginetest"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/sdk/language"
	"github.com/refold-dev/refold/sdk/scaffold"
)

// session of `refold dev`, as a process of its own.
type devProcess struct {
	*testing.T
	dir   string
	cmd   *exec.Cmd
	lines chan string
}

// startDev makes a project in Go and watches it.
func startDev(t *testing.T, args ...string) *devProcess {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "orders")
	if _, err := scaffold.New(dir, language.Go); err != nil {
		t.Fatal(err)
	}
	return startDevIn(t, dir, args...)
}

// startDevIn watches what lies in a folder.
func startDevIn(t *testing.T, dir string, args ...string) *devProcess {
	t.Helper()
	d := &devProcess{T: t, dir: dir, lines: make(chan string, 1000)}
	d.cmd = exec.Command("refold", append([]string{"dev"}, args...)...)
	d.cmd.Dir = d.dir
	out, in := io.Pipe()
	d.cmd.Stdout, d.cmd.Stderr = in, in
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.cmd.Process.Kill() })
	go func() {
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			d.lines <- scanner.Text()
		}
		close(d.lines)
	}()
	return d
}

// until returns the lines up to one that matches.
func (d *devProcess) until(pattern string) string {
	d.Helper()
	want, text := regexp.MustCompile(pattern), ""
	for late := time.After(enginetest.Deadline); ; {
		select {
		case line, more := <-d.lines:
			text += line + "\n"
			if want.MatchString(line) {
				return text
			}
			if !more {
				d.Fatalf("it ended without a line that matches %s:\n%s", pattern, text)
			}
		case <-late:
			d.Fatalf("no line matches %s:\n%s", pattern, text)
		}
	}
}

// edit replaces what is in a file of the project.
func (d *devProcess) edit(file, old, by string) {
	d.Helper()
	path := filepath.Join(d.dir, file)
	text, err := os.ReadFile(path)
	if err != nil {
		d.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		d.Fatalf("%s has no %q", file, old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), old, by, 1)), 0o600); err != nil {
		d.Fatal(err)
	}
}

// interrupt presses Ctrl-C and waits for the end.
func (d *devProcess) interrupt() {
	d.Helper()
	if err := d.cmd.Process.Signal(syscall.SIGINT); err != nil {
		d.Fatal(err)
	}
	if err := d.cmd.Wait(); err != nil {
		d.Errorf("interrupted, it ends with %v", err)
	}
}

func TestDev(t *testing.T) {
	d := startDev(t)
	first := d.until("^watching this folder; Ctrl-C ends it$")
	for _, want := range []string{
		"orders.wasm: orders, keyed, in Go; ", "2 cases passed\n", "3 events folded: 2 rows added\n",
		`  + orders  id="01900000-0000-7000-8000-0000000000a1"  type="order"  events=2  last="order_paid"` + "\n",
	} {
		if !strings.Contains(first, want) {
			t.Errorf("the first round does not say %q:\n%s", want, first)
		}
	}
	d.edit("main.go", "s.Events++", "s.Events += 10")
	d.until(`^main\.go changed$`)
	d.until(`^FAIL  an aggregate's first event makes its row \(orders_test\.yaml:6\)$`)
	d.until(`^3 events folded: 2 rows changed$`)
	d.until(`^  ~ orders  id="01900000-0000-7000-8000-0000000000a1"  events: 2 → 20$`)
	d.until(`^  ~ orders  id="01900000-0000-7000-8000-0000000000a2"  events: 1 → 10$`)

	d.edit("main.go", "s.Events += 10", "s.Events += ten")
	d.until(`^\./main\.go:\d+:\d+: undefined: ten$`)
	d.until(`^refold: building \.: go: exit status 1$`)
	d.edit("main.go", "s.Events += ten", "s.Events += 10")
	d.until(`^3 events folded: nothing changed$`)

	d.edit("events.jsonl", `"order_paid"`, `"order_lost"`)
	d.until(`events\.jsonl changed$`)
	d.until(`^  ~ orders  id="01900000-0000-7000-8000-0000000000a1"  last: "order_paid" → "order_lost"$`)
	d.edit("events.jsonl", `{`, `{{`)
	d.until(`^refold: events\.jsonl:1:1: `)
	d.edit("pipeline.yaml", `events: integer, `, `evnts: integer, `)
	d.until(`^refold: events\.jsonl:1:1: `)
	d.edit("events.jsonl", `{{`, `{`)
	d.until(`column "events": is not declared$`)
	d.interrupt()
	if _, err := os.Stat(filepath.Join(d.dir, "refold-data")); err == nil {
		t.Error("it made a data directory")
	}
}

// TestDevOfProjectsElsewhere: a pipeline may name modules that lie in other folders
// than their projects.
func TestDevOfProjectsElsewhere(t *testing.T) {
	if err := installed("clang", "wasm-ld"); err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	root := t.TempDir()
	for name, dir := range map[string]string{"orders": "src/orders", "parcels": "src/deep/parcels"} {
		if _, err := scaffold.New(filepath.Join(root, dir), language.C); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(root, dir, "events.jsonl"), filepath.Join(root, "events.jsonl")); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(root, dir, "pipeline.yaml")); err != nil {
			t.Fatal(name, err)
		}
	}
	const pipelines = `pipelines:
  - {name: orders, projection: {wasm: build/orders.wasm}, executors: [{null: {}}]}
  - {name: parcels, projection: {wasm: build/parcels.wasm}, executors: [{null: {}}]}
`
	if err := errors.Join(os.Mkdir(filepath.Join(root, "build"), 0o700), os.WriteFile(filepath.Join(root, "pipeline.yaml"), []byte(pipelines), 0o600)); err != nil {
		t.Fatal(err)
	}
	d := startDevIn(t, root)
	first := d.until("^watching ")
	for _, want := range []string{"build/orders.wasm: orders, keyed, in C; ", "build/parcels.wasm: parcels, ", "\n4 cases passed\n", "3 events folded: 4 rows added\n", "watching src/orders, src/deep/parcels, pipeline.yaml, events.jsonl;"} {
		if !strings.Contains(first, want) {
			t.Errorf("the first round does not say %q:\n%s", want, first)
		}
	}
	d.edit("src/deep/parcels/parcels.c", "s->events++", "s->events += 5")
	d.until(`^src/deep/parcels/parcels\.c changed$`)
	d.until(`^FAIL `)
	d.until(`^3 events folded: 2 rows changed$`)
	if _, err := scaffold.New(filepath.Join(root, "old", "orders"), language.C); err != nil {
		t.Fatal(err)
	}
	d.edit("pipeline.yaml", "name: parcels", "name: other")
	d.until(`^refold: build/orders\.wasm may be built by old/orders and by src/orders: none of them is$`)
	d.interrupt()
}

func TestDevForMachines(t *testing.T) {
	d := startDev(t, "--json")
	var r struct {
		Round   int
		Built   []struct{ Module, Language string }
		Cases   []caseLine
		Events  int
		Folded  bool
		Changes []struct {
			Table, Change string
			After         map[string]any
		}
		Errors []errorLine
	}
	read := func() {
		t.Helper()
		r.Errors = nil
		if err := json.Unmarshal([]byte(d.until(`^{"round":`)), &r); err != nil {
			t.Fatal(err)
		}
	}
	if read(); r.Round != 1 || !r.Folded || r.Events != 3 || len(r.Cases) != 2 || len(r.Built) != 1 || len(r.Changes) != 2 || r.Changes[0].After["last"] != "order_paid" {
		t.Errorf("the first round is %+v", r)
	}
	d.edit("pipeline.yaml", "columns", "colums")
	if read(); r.Round != 2 || r.Folded || len(r.Errors) == 0 || r.Errors[0].Line == 0 {
		t.Errorf("the second round is %+v", r)
	}
	d.interrupt()
}

// TestReadModelDifference holds what is a difference, and how it is shown.
func TestReadModelDifference(t *testing.T) {
	rows := func(name string, columns []string, rows ...modelRow) modelTable {
		m := modelTable{name: name, columns: columns, key: []string{"id"}, rows: map[string]modelRow{}}
		for _, row := range rows {
			m.rows[jsonText(row.values(m.key))] = row
		}
		return m
	}
	before := readModel{
		rows("a", []string{"id", "n", "old"}, modelRow{"id": "1", "n": int64(1), "old": nil}, modelRow{"id": "2", "n": int64(2), "old": "x"}, modelRow{"id": "3", "n": int64(3), "old": nil}),
		rows("gone", []string{"id"}, modelRow{"id": "1"}),
		rows("same", []string{"id"}, modelRow{"id": []byte{1}}),
	}
	now := readModel{
		rows("a", []string{"id", "n"}, modelRow{"id": "2", "n": int64(5)}, modelRow{"id": "3", "n": int64(3)}, modelRow{"id": "4", "n": nil}),
		rows("same", []string{"id"}, modelRow{"id": []byte{1}}),
		rows("state", []string{"id", "s"}, modelRow{"id": "<k>", "s": json.RawMessage(`{"b":1}`)}),
	}
	var got []string
	for _, c := range now.since(before) {
		got = append(got, c.String())
	}
	want := []string{
		`  - a  id="1"  n=1  old=null`,
		`  ~ a  id="2"  n: 2 → 5  old: "x" → (none)`,
		`  ~ a  id="3"  old: null → (none)`,
		`  + a  id="4"  n=null`,
		`  + state  id="<k>"  s={"b":1}`,
		`  - gone  id="1"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if again := now.since(now); len(again) != 0 {
		t.Errorf("a read model differs from itself: %v", again)
	}
}

// TestHarmless: nothing that a pipeline of dev performs leaves its folder.
func TestHarmless(t *testing.T) {
	real := config.Executor{SQLite: &config.SQLite{Path: "/var/lib/shop/orders.db", Tables: []config.Table{{Name: "orders"}}}}
	filtered := config.Executor{Filter: &config.Filter{Level: "warn", Executor: &real}}
	got := harmless([]config.Pipeline{{Name: "orders", Executors: []config.Executor{real, filtered, {Log: &config.Log{}}, {Collect: &config.Collect{}},
		{Postgres: &config.Postgres{URL: "postgres://real/orders", Tables: real.SQLite.Tables}}}}})
	executors := got[0].Executors
	if path := executors[0].SQLite.Path; path != "orders-0.db" {
		t.Errorf("the table's file is %s", path)
	}
	if f := executors[1].Filter; f.Executor.SQLite.Path != "orders-1.db" || f.Level != "warn" {
		t.Errorf("the filter is %+v", f)
	}
	if executors[2].Log == nil || executors[3].Null == nil {
		t.Errorf("the others are %+v", executors[2:])
	}
	if x := executors[4]; x.Postgres != nil || x.SQLite == nil || x.SQLite.Path != "orders-4.db" || len(x.SQLite.Tables) != 1 {
		t.Errorf("the tables of a database elsewhere are %+v", x)
	}
	if real.SQLite.Path != "/var/lib/shop/orders.db" || filtered.Filter.Executor != &real {
		t.Error("the configuration itself has changed")
	}
}

// What a projection asks is asked of the tables of this round, and the answers are
// folded in it.
func TestDevAnswersQueries(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"pipeline.yaml": `pipelines:
  - name: stock
    projection: {wasm: stock.js}
    executors:
      - postgres:
          url_env: NO_SUCH_DATABASE
          tables: [{name: items, columns: {item: text, n: integer}, primary_key: [item]}]
          queries: {}
`,
		"stock.js": `fromAll().when({
  stocked(state, e) {
    effects.insert("items", { item: e.data.item, n: 7 });
    effects.query("SELECT count(*) AS n FROM items", {});
  },
  query_answered(state, e) { effects.insert("items", { item: "before", n: e.data.answer[0].n }); },
});
`,
		"events.jsonl": `{"id":"00000001-0000-7000-8000-000000000001","aggregate_type":"shelf","aggregate_id":"00000002-0000-7000-8000-000000000001","type":"stocked","time":"2026-01-01T00:00:01Z","correlation_id":"00000003-0000-7000-8000-000000000001","data":{"item":"bolt"}}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := startDevIn(t, dir)
	d.until(`stock: what it asks PostgreSQL is asked of tables in SQLite here`)
	d.until(`\+ items  item="before"  n=0`)
	d.interrupt()
}

// TestOwnOutputIsNoSource: what is printed into a project's folder sets off no round.
func TestOwnOutputIsNoSource(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"main.go", "dev.log", "printed.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	printed, err := os.OpenFile(filepath.Join(dir, "printed.txt"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = printed
	t.Cleanup(func() {
		os.Stdout = stdout
		if err := printed.Close(); err != nil {
			t.Error(err)
		}
	})
	seen := sources{projects: []project{{dir: dir, module: filepath.Join(dir, "guest.wasm")}}}.look()
	if _, there := seen[filepath.Join(dir, "main.go")]; !there || len(seen) != 1 {
		t.Errorf("what is watched is %v, want main.go alone", seen)
	}
}
