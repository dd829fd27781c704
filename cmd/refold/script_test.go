package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"
	_ "modernc.org/sqlite"
)

// TestScript runs the transcripts in testdata/script. What each finds in its
// folder besides its own files: testdata/shared.txtar, and guests/.
func TestScript(t *testing.T) {
	watchGuests(t)
	watchChat(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		Setup:               setupScript,
		RequireExplicitExec: true,
		UpdateScripts:       *update,
		Condition:           condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":       exits,
			"eventually":  eventually,
			"sigterm":     sigterm,
			"sighup":      sighup,
			"field":       field,
			"truncate":    truncate,
			"bare_module": bareModule,
			"life":        life,
			"query":       query,
			"alter":       alter,
			"nats_server": natsServer,
			"nats_stream": natsStream,
			"nats_bucket": natsBucket,
			"nats_ask":    natsAsk,
			"rustc_alone": rustcAlone,
			"stream":      stream,
			"postgres":    postgresDatabase,
			"sql":         sqlRows,
			"webhook":     webhook,
			"chat":        chat,
			"address":     address,
			"get":         get,
			"ask":         ask,
			"manager":     serviceManager,
			"collector":   collector,
			"spans":       spans,
		},
	})
}

func setupScript(env *testscript.Env) error {
	for _, name := range []string{guestsEnv, "REFOLD_CACHE"} {
		env.Setenv(name, os.Getenv(name))
	}
	refold, err := exec.LookPath("refold")
	if err != nil {
		return err
	}
	env.Setenv("REFOLD_BIN", filepath.Dir(refold)) // for a PATH without compilers
	npm, err := npmBin()
	if err != nil {
		return err
	}
	env.Setenv("NPM_BIN", npm)
	repository, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	env.Setenv("REPO", repository)
	compilers, err := compilerHomes()
	if err != nil {
		return err
	}
	for name, dir := range compilers {
		env.Setenv(name, dir)
	}
	shared, err := txtar.ParseFile("testdata/shared.txtar")
	if err != nil {
		return err
	}
	if err := txtar.Write(shared, env.WorkDir); err != nil {
		return err
	}
	return os.Symlink(os.Getenv(guestsEnv), filepath.Join(env.WorkDir, "guests"))
}

// condition is [rust], Rust's compiler can build guests, [postgres], a server of
// PostgreSQL can be run, or [toolchain:LANGUAGE],
// projects in a language can be built. In CI a toolchain that is missing is an
// error.
func condition(name string) (bool, error) {
	switch name {
	case "rust":
		return hasRust(context.Background()) == nil, nil
	case "postgres":
		return hasPostgres()
	}
	lang, ok := strings.CutPrefix(name, "toolchain:")
	check := toolchains[lang]
	if !ok || check == nil {
		return false, fmt.Errorf("unknown condition %s", name)
	}
	err := check()
	if err != nil && os.Getenv("CI") != "" {
		return false, fmt.Errorf("CI is set, and projects in %s cannot be built: %w", lang, err)
	}
	return err == nil, nil
}

// toolchains say what is missing to build projects in a language.
var toolchains = map[string]func() error{
	"c":    func() error { return installed("clang", "wasm-ld") },
	"rust": func() error { return hasRust(context.Background()) },
	"assemblyscript": func() error {
		bin, err := npmBin()
		if err != nil {
			return err
		}
		if installed("asc") == nil {
			return installed("node")
		}
		return installed("node", filepath.Join(bin, "asc"))
	},
	"npm": func() error { // with what the registry, or npm's cache, has of an example
		c := exec.Command("npm", "view", "--prefer-offline", "@grpc/grpc-js", "version")
		out, err := c.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w: %s", c, err, out)
		}
		return nil
	},
	"zig": func() error {
		bin, err := npmBin()
		if err != nil || installed("zig") == nil {
			return err
		}
		return installed(filepath.Join(bin, "zig"))
	},
}

// npmBin is where tools.sh puts the commands of npm's packages.
func npmBin() (string, error) {
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "refold-tools", "node_modules", ".bin"), err
}

func installed(tools ...string) error {
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			return err
		}
	}
	return nil
}

// compilerHomes are where the compilers of guests keep their own, which they look
// for by HOME, and npm what it has fetched: a transcript has no HOME.
func compilerHomes() (map[string]string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, err
	}
	out, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		return nil, err
	}
	built, fetched, _ := strings.Cut(string(out), "\n")
	user, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"GOCACHE":     built,
		"GOMODCACHE":  strings.TrimSpace(fetched),
		"RUSTUP_HOME": cmp.Or(os.Getenv("RUSTUP_HOME"), filepath.Join(home, ".rustup")),
		"CARGO_HOME":  cmp.Or(os.Getenv("CARGO_HOME"), filepath.Join(home, ".cargo")),

		"npm_config_cache":          cmp.Or(os.Getenv("npm_config_cache"), filepath.Join(home, ".npm")),
		"npm_config_prefer_offline": "true",

		"ZIG_GLOBAL_CACHE_DIR": cmp.Or(os.Getenv("ZIG_GLOBAL_CACHE_DIR"), filepath.Join(user, "zig")),
	}, nil
}

// exits runs a command that must end with an exit code: exits CODE COMMAND…
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	got := 0
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("the exit code is %d, not %d", got, want)
	}
}

// eventually repeats a command until it succeeds and its output matches:
// eventually DEADLINE REGEXP COMMAND…
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: eventually DEADLINE REGEXP COMMAND…")
	}
	limit, err := time.ParseDuration(args[0])
	ts.Check(err)
	want, err := regexp.Compile(args[1])
	ts.Check(err)
	for end := time.Now().Add(limit); ; {
		err := ts.Exec(args[2], args[3:]...)
		if err == nil && want.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("no output that matches %s within %s", want, limit)
		}
		time.Sleep(50 * time.Millisecond) // which leaves something for who is waited for
	}
}

// sigterm ends the commands in the background as a service manager does.
func sigterm(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: sigterm")
	}
	for _, c := range ts.BackgroundCmds() {
		ts.Check(c.Process.Signal(syscall.SIGTERM))
	}
}

// sighup asks what runs in the background for a reload.
func sighup(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: sighup")
	}
	for _, c := range ts.BackgroundCmds() {
		ts.Check(c.Process.Signal(syscall.SIGHUP))
	}
}

// field sets a variable from what the last command printed: field NAME REGEXP,
// with one group.
func field(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: field NAME REGEXP")
	}
	want, err := regexp.Compile(args[1])
	ts.Check(err)
	found := want.FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) != 2 {
		ts.Fatalf("the output has no %s", want)
	}
	ts.Setenv(args[0], found[1])
}

// truncate cuts the end of a file off: truncate FILE BYTES
func truncate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: truncate FILE BYTES")
	}
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), info.Size()-n))
}

// bareModule writes a module that is valid and has nothing in it: bare_module FILE
func bareModule(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: bare_module FILE")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte("\x00asm\x01\x00\x00\x00"), 0o600))
}

// life writes the first N events of one router's life, for an import: life FILE N
func life(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: life FILE N")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	var text strings.Builder
	for i := range n {
		kind, data := "asset_tag_assigned", fmt.Sprintf(`{"asset_tag":"T-%d"}`, i+1)
		if i == 0 {
			kind, data = "resource_registered", `{"hostname":"router-1.example.com","resource_type":"router"}`
		}
		fmt.Fprintf(&text, `{"id":"01900000-0000-7000-8000-%012x","aggregate_type":"compute","aggregate_id":"01900000-0000-7000-8000-0000000000a0",`+
			`"type":%q,"time":"2026-01-31T09:30:00Z","correlation_id":"01900000-0000-7000-8000-0000000000c0","causation_id":null,"data":%s}`+"\n", i+1, kind, data)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text.String()), 0o600))
}

// rustcAlone leaves rustc in PATH and takes cargo out of it. The rustc of rustup is
// a proxy that asks its own name, so the compiler behind it is named.
func rustcAlone(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: rustc_alone")
	}
	root, err := exec.Command("rustc", "--print=sysroot").Output()
	ts.Check(err)
	tools := ts.MkAbs(".tools")
	ts.Check(os.Mkdir(tools, 0o700))
	ts.Check(os.Symlink(filepath.Join(strings.TrimSpace(string(root)), "bin", "rustc"), filepath.Join(tools, "rustc")))
	ts.Setenv("PATH", tools+string(os.PathListSeparator)+ts.Getenv("REFOLD_BIN"))
}

// query prints the rows of a SQLite file, one a line: query FILE SQL
func query(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: query FILE SQL")
	}
	rows, err := readRows(ts.MkAbs(args[0]), args[1])
	ts.Check(err)
	for _, row := range rows {
		fmt.Fprintln(ts.Stdout(), strings.Join(row, " "))
	}
}

// alter changes a SQLite file behind refold's back: alter FILE SQL.
func alter(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: alter FILE SQL")
	}
	db, err := sql.Open("sqlite", "file:"+ts.MkAbs(args[0])+"?_pragma=busy_timeout(5000)")
	ts.Check(err)
	_, err = db.ExecContext(context.Background(), args[1])
	ts.Check(errors.Join(err, db.Close()))
}

// readRows reads all rows of a query as text, beside whoever writes the file.
func readRows(path, query string) (list [][]string, err error) {
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.Query(query)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		row, cells := make([]string, len(columns)), make([]any, len(columns))
		for i := range row {
			cells[i] = &row[i]
		}
		if err := rows.Scan(cells...); err != nil {
			return nil, err
		}
		list = append(list, row)
	}
	return list, rows.Err()
}
