package gen_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/sdk/conformance"
	"github.com/refold-dev/refold/sdk/gen"
	"github.com/refold-dev/refold/sdk/language"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// files are the golden files' names, which are what a user would call them.
var files = map[language.Language]string{
	language.Go: "events.go.txt", language.C: "events.h", language.TypeScript: "events.d.ts", language.JavaScript: "events.js",
	language.Rust: "events.rs", language.Zig: "events.zig", language.AssemblyScript: "events.ts",
}

// shop is a catalog that has one of everything.
var shop = []gen.Event{
	{Type: "order_placed", Version: 2, Fields: []gen.Field{
		{Name: "customer_id", Kind: gen.UUID}, {Name: "total", Kind: gen.Integer}, {Name: "placedAt", Kind: gen.Time},
		{Name: "lines", Kind: gen.Array}, {Name: "note", Kind: gen.String, Optional: true},
	}},
	{Type: "order_paid", Version: 1, Fields: []gen.Field{
		{Name: "amount", Kind: gen.Number}, {Name: "total", Kind: gen.Number, Optional: true}, {Name: "final", Kind: gen.Boolean},
		{Name: "type", Kind: gen.String}, {Name: "address", Kind: gen.Object, Optional: true}, {Name: "extra", Kind: gen.Any},
		{Name: "paid_at", Kind: gen.Time, Optional: true},
	}},
	{Type: "order_cancelled", Version: 1},
}

// hostile has names that no language likes.
var hostile = []gen.Event{
	{Type: "count", Version: 1, Fields: fields("count", "Count", "COUNT", "a,b", "a\"b", "a*/b", "/*", "??/", "a.b", "-", "3d", "größe", "日本", "\n", "\\", " ", "`", "{{", "%d", "</script>")},
	{Type: "decode", Version: 1, Fields: fields("self", "class", "int", "func", "struct", "fn", "type", "of", "data", "event", "null", "constructor", "__proto__")},
	{Type: "x_version", Version: 7}, {Type: "x", Version: 1}, {Type: "type_x", Version: 1}, {Type: "event_x", Version: 1},
	{Type: "string", Version: 1}, {Type: "self", Version: 1, Fields: fields("crate", "_", "__", "r")}, {Type: "option", Version: 1, Fields: fields("a")}, {Type: "object", Version: 1}, {Type: "any", Version: 1}, {Type: "record", Version: 1},
}

func fields(names ...string) (list []gen.Field) {
	kinds := []gen.Kind{gen.String, gen.Integer, gen.Number, gen.Boolean, gen.Any, gen.Array, gen.Object, gen.UUID, gen.Time}
	for i, name := range names {
		list = append(list, gen.Field{Name: name, Kind: kinds[i%len(kinds)], Optional: i%2 == 1})
	}
	return list
}

func generate(t testing.TB, lang language.Language, events []gen.Event) string {
	t.Helper()
	text, err := gen.Generate(lang, events, gen.Options{Partial: true})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestGolden(t *testing.T) {
	for _, lang := range gen.Languages() {
		got := generate(t, lang, shop)
		file := filepath.Join("testdata", files[lang])
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s:\n%s", lang, diff)
		}
		if !gen.IsGenerated([]byte(got)) {
			first, _, _ := strings.Cut(got, "\n")
			t.Errorf("%s begins with %q", lang, first)
		}
	}
}

// TestCompiles holds that what is written compiles, names and all.
func TestCompiles(t *testing.T) {
	for _, lang := range gen.Languages() {
		for name, events := range map[string][]gen.Event{"shop": shop, "hostile": hostile} {
			t.Run(fmt.Sprint(lang, " ", name), func(t *testing.T) {
				compile(t, lang, generate(t, lang, events))
			})
		}
	}
}

// TestCompilesWhatever does so for many random names, in the languages that
// compile fast.
func TestCompilesWhatever(t *testing.T) {
	need(t, "clang")
	for seed := range 8 {
		events := catalogs().Example(seed)
		generate(t, language.Go, events) // which is parsed to be formatted
		compile(t, language.C, generate(t, language.C, events))
	}
}

// catalogs are random ones, with field names of any kind.
func catalogs() *rapid.Generator[[]gen.Event] {
	kinds := []gen.Kind{gen.String, gen.Integer, gen.Time, gen.Any}
	field := rapid.Custom(func(r *rapid.T) gen.Field {
		return gen.Field{
			Name: rapid.StringN(1, 5, 20).Draw(r, "field"), Kind: rapid.SampledFrom(kinds).Draw(r, "kind"), Optional: rapid.Bool().Draw(r, "optional"),
		}
	})
	event := rapid.Custom(func(r *rapid.T) gen.Event {
		return gen.Event{
			Type: rapid.StringMatching(`[a-z][a-z0-9_]{0,6}`).Draw(r, "type"), Version: 1,
			Fields: rapid.SliceOfNDistinct(field, 0, 8, func(f gen.Field) string { return f.Name }).Draw(r, "fields"),
		}
	})
	return rapid.SliceOfNDistinct(event, 20, 40, func(e gen.Event) string { return e.Type })
}

// compile runs a language's compiler over generated code, as a guest's is run.
func compile(t *testing.T, lang language.Language, text string) {
	t.Helper()
	dir := t.TempDir()
	switch lang {
	case language.Go:
		compileWith(t, dir, map[string]string{"events.go": text, "main.go": "package main\n\nfunc main() {}\n", "go.mod": "module example.com/x\n\ngo 1.26\n"}, "go", "vet", ".")
	case language.C:
		need(t, "clang")
		compileWith(t, dir, map[string]string{"events.h": text, "guest.c": cGuest}, "clang", "--target=wasm32", "-nostdlib", "-O1", "-mbulk-memory",
			"-Wall", "-Wextra", "-Werror", "-I", kitOf(t, "c"), "-Wl,--no-entry", "-o", "guest.wasm", "guest.c")
	case language.Rust:
		need(t, "rustc")
		kit := filepath.Join(dir, "librefold.rmeta")
		compileWith(t, dir, map[string]string{"events.rs": text, "lib.rs": "pub mod events;\npub const NAMES: refold::Names = events::Payload::NAMES;\n"},
			"rustc", "--edition=2021", "--crate-type=rlib", "--crate-name=refold", "--emit=metadata", `--cfg=feature="std"`, "-o", kit, kitOf(t, "rust/src/lib.rs"))
		compileWith(t, dir, nil, "rustc", "--edition=2021", "--crate-type=rlib", "--emit=metadata", "-Dwarnings", "--extern=refold="+kit, "lib.rs")
	case language.AssemblyScript:
		compileAssemblyScript(t, dir, text)
	case language.Zig:
		compileZig(t, dir, text)
	case language.TypeScript, language.JavaScript: // TestTypeScriptChecks
	default:
		t.Fatalf("there is no way to compile %s", lang)
	}
}

// cGuest uses what a header has in the place where a guest does.
const cGuest = `#include "refold.h"
#include "events.h"

static const char *fold(const refold_event *e, refold_effects *out) {
	(void)out;
	return refold_type_index(e) < EVENT_COUNT ? NULL : "unknown";
}

REFOLD_UNKEYED("{\"abi\":1,\"name\":\"x\",\"state\":\"stateless\",\"events\":" EVENTS_JSON ",\"fields\":" FIELDS_JSON ",\"sdk\":\"refold-c\"}", fold)
`

func compileWith(t *testing.T, dir string, files map[string]string, tool string, args ...string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(tool, args...)
	cmd.Dir = dir
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s\n%v", cmd, err, said, files)
	}
}

func kitOf(t *testing.T, path string) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", path))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

var class = regexp.MustCompile(`(?m)^export class (\w+)`)

// compileAssemblyScript has asc compile a guest that reads every class: it passes
// over what nothing uses.
func compileAssemblyScript(t *testing.T, dir, text string) {
	t.Helper()
	guest := `import { stateless } from "@refold-dev/assemblyscript";
import * as events from "./events";
export * from "@refold-dev/assemblyscript/exports";
stateless("x", (e, out) => {
`
	for _, m := range class.FindAllStringSubmatch(text, -1) {
		guest += "  events." + m[1] + ".read(e.data);\n"
	}
	packages := filepath.Join(dir, "node_modules", "@refold-dev")
	if err := os.MkdirAll(packages, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(kitOf(t, "assemblyscript"), filepath.Join(packages, "assemblyscript")); err != nil {
		t.Fatal(err)
	}
	asc := tool(t, "asc")
	compileWith(t, dir, map[string]string{"events.ts": text, "index.ts": guest + "}).events(events.EventTypes());\n",
		"asconfig.json": `{"extends": "@refold-dev/assemblyscript/asconfig.json"}`}, asc, "index.ts", "--optimizeLevel", "0", "--outFile", "guest.wasm")
}

// compileZig has zig compile a guest that reads every type.
func compileZig(t *testing.T, dir, text string) {
	t.Helper()
	const guest = `const refold = @import("refold");
const events = @import("events.zig");
pub const panic = refold.panic;

const Guest = struct {
    pub fn fold(event: refold.Event(struct {}), out: *refold.Effects) !void {
        switch (try event.as(events.Payload)) {
            inline else => |payload| if (@TypeOf(payload) != void) out.insert("x", payload),
        }
    }
};

comptime {
    refold.stateless(Guest, .{ .name = "x", .events = refold.names(events.Payload) });
}
`
	for name, text := range map[string]string{"events.zig": text, "main.zig": guest} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	conformance.BuildZig(t, kitOf(t, "zig"), filepath.Join(dir, "main.zig"))
}

// TestTypeScriptChecks has TypeScript's compiler check all declarations at once:
// it starts slowly.
func TestTypeScriptChecks(t *testing.T) {
	tsc := tool(t, "tsc")
	texts := map[string]string{"use.ts": `
import type { OrderPaid, Payloads } from "./shop";
export const paid: OrderPaid = { amount: 1.5, final: true, type: "card", extra: null };
export const total = (placed: Payloads["order_placed"]): number => placed.total;
`}
	args := []string{"--noEmit", "--strict", "--target", "es2020", "--allowJs", "--checkJs", "use.ts"}
	for name, events := range map[string][]gen.Event{"shop": shop, "hostile": hostile} {
		texts[name+".d.ts"] = generate(t, language.TypeScript, events)
		texts[name+"_doc.js"] = generate(t, language.JavaScript, events)
		args = append(args, name+".d.ts", name+"_doc.js")
	}
	compileWith(t, t.TempDir(), texts, tsc, args...)
}

// tool is a command of a package of npm: where tools.sh puts them, or in PATH.
func tool(t *testing.T, name string) string {
	t.Helper()
	home, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(home, "refold-tools", "node_modules", ".bin", name)
	if _, err := os.Stat(path); err != nil {
		path = name
	}
	need(t, path)
	return path
}

// need skips a test whose compiler is not installed, but fails it in CI.
func need(t *testing.T, tool string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err == nil {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is not installed, and CI is set", tool)
	}
	t.Skipf("SKIPPED: %s is not installed, so what is generated for it is not compiled", tool)
}

// oddNames have a value each in oddPayload.
var oddNames = []gen.Event{{Type: "measured", Version: 1, Fields: []gen.Field{
	{Name: "größe", Kind: gen.Integer}, {Name: "first name", Kind: gen.String}, {Name: "a\"b\\", Kind: gen.Boolean}, {Name: "customer-id", Kind: gen.String, Optional: true},
	{Name: "a,b", Kind: gen.Number}, {Name: "not there", Kind: gen.Integer, Optional: true}, {Name: "size", Kind: gen.Integer},
}}}

const oddPayload = `{"size":3,"größe":7,"first name":"ada","a\"b\\":true,"customer-id":"c","a,b":1.5}`

// TestOddNamesAreRead: what is generated reads and writes members whose names are
// none of the language's.
func TestOddNamesAreRead(t *testing.T) {
	t.Run("Go", func(t *testing.T) {
		runs(t, map[string]string{
			"events.go": generate(t, language.Go, oddNames),
			"go.mod":    "module example.com/x\n\ngo 1.26\n",
			"main.go": `package main

import (
	"encoding/json"
	"fmt"
)

func main() {
	for range 2 {
		var m Measured
		err := json.Unmarshal([]byte(payload), &m)
		fmt.Println(m.Size, m.GrE, m.FirstName, m.AB, *m.CustomerID, m.AB_2, m.NotThere == nil, err)
		text, _ := json.Marshal(m)
		payload = string(text)
	}
}

var payload = ` + "`" + oddPayload + "`\n",
		}, "3 7 ada true c 1.5 true <nil>\n3 7 ada true c 1.5 true <nil>\n", "go", "run", ".")
	})
	t.Run("Rust", func(t *testing.T) {
		need(t, "rustc")
		dir := t.TempDir()
		kit := filepath.Join(dir, "librefold.rlib")
		compileWith(t, dir, map[string]string{"events.rs": generate(t, language.Rust, oddNames), "main.rs": `mod events;
use refold::json::{to_string, Value};

fn main() {
    let mut payload = r#"` + oddPayload + `"#.to_string();
    for _ in 0..2 {
        let m: events::Measured = Value::parse(&payload).unwrap().read().unwrap();
        println!("{} {} {} {} {:?} {} {:?}", m.size, m.gr_e, m.first_name, m.a_b, m.customer_id, m.a_b_2, m.not_there);
        payload = to_string(&m);
    }
}
`}, "rustc", "--edition=2021", "--crate-type=rlib", "--crate-name=refold", `--cfg=feature="std"`, "-o", kit, kitOf(t, "rust/src/lib.rs"))
		compileWith(t, dir, nil, "rustc", "--edition=2021", "-Dwarnings", "--extern=refold="+kit, "-o", "main", "main.rs")
		const line = "3 7 ada true Some(\"c\") 1.5 None\n"
		runIn(t, dir, line+line, filepath.Join(dir, "main"))
	})
}

// runs writes files, runs a command among them, and compares what it prints.
func runs(t *testing.T, files map[string]string, want, tool string, args ...string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	runIn(t, dir, want, tool, args...)
}

func runIn(t *testing.T, dir, want, tool string, args ...string) {
	t.Helper()
	cmd := exec.Command(tool, args...)
	cmd.Dir = dir
	said, err := cmd.CombinedOutput()
	if diff := cmp.Diff(want, string(said)); diff != "" || err != nil {
		t.Errorf("%s: %v\n%s", cmd, err, diff)
	}
}

// TestUnfitNamesAreAnError: and with Partial, a comment.
func TestUnfitNamesAreAnError(t *testing.T) {
	events := []gen.Event{{Type: "measured", Version: 1, Fields: []gen.Field{{Name: "a.b", Kind: gen.Integer}, {Name: "c", Kind: gen.Integer}}}}
	for _, lang := range gen.Languages() {
		_, err := gen.Generate(lang, events, gen.Options{})
		var unfit *gen.UnfitError
		wants := lang == language.C || lang == language.AssemblyScript
		if errors.As(err, &unfit) != wants || wants && !strings.Contains(err.Error(), `a.b`) {
			t.Errorf("%s: %v", lang, err)
		}
		if text := generate(t, lang, events); !strings.Contains(text, "a.b") {
			t.Errorf("%s does not name the field:\n%s", lang, text)
		}
	}
}

func TestGenerateRefuses(t *testing.T) {
	var unknown *language.UnknownError
	if _, err := gen.Generate("cobol", shop, gen.Options{}); !errors.As(err, &unknown) {
		t.Errorf("for another language: %v", err)
	}
	if _, err := gen.Generate(language.Go, nil, gen.Options{}); !errors.Is(err, gen.ErrNoEvents) {
		t.Errorf("for no events: %v", err)
	}
	many := gen.Event{Type: "wide", Version: 1}
	for i := range 1025 {
		many.Fields = append(many.Fields, gen.Field{Name: fmt.Sprint("f", i), Kind: gen.String})
	}
	if _, err := gen.Generate(language.C, []gen.Event{many}, gen.Options{}); err == nil || !strings.Contains(err.Error(), "1025 different fields") {
		t.Errorf("for 1025 fields: %v", err)
	}
}
