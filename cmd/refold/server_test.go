package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/control"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/memory"
)

// opsToken is the token of the tests' engines.
const opsToken = "a-token-to-operate-with"

// said is what a command line has come to.
type said struct {
	code     int
	out, err string
}

// say runs a command line of words in this process.
func say(ctx context.Context, line string) said {
	var out, errs bytes.Buffer
	a := &app{in: strings.NewReader(""), out: &out, err: &errs}
	code := a.execute(ctx, strings.Fields(line))
	return said{code, out.String(), errs.String()}
}

// TestDataVariable: a variable names the data directory where no flag does.
func TestDataVariable(t *testing.T) {
	t.Setenv(dataEnv, "nowhere")
	for line, where := range map[string]string{"status": "nowhere", "status --data elsewhere": "elsewhere"} {
		if got := say(t.Context(), line); got.code != 1 || !strings.HasPrefix(got.err, "refold: "+where+": there is no data directory") {
			t.Errorf("refold %s exits %d and says %s", line, got.code, got.err)
		}
	}
}

// TestServer: each command that may ask an engine elsewhere does so, and touches nothing
// here.
func TestServer(t *testing.T) {
	watchGuests(t)
	startEngine(t)
	asked := map[string]bool{}
	for _, step := range serverSteps {
		asked[step.command] = true
		got := say(t.Context(), step.command+" "+step.rest)
		if !regexp.MustCompile(step.says).MatchString(got.out + got.err) {
			t.Errorf("refold %s %s exits %d and says\n%s%s\nwhich does not match %s", step.command, step.rest, got.code, got.out, got.err, step.says)
		}
	}
	for _, name := range asking[anEngine] {
		if !asked[name] {
			t.Errorf("refold %s asks no engine here", name)
		}
	}
	t.Run("watch", testWatchServer)
	t.Run("certificate", testServerCertificate)
	t.Run("variables", testServerVariables)
	if _, err := os.Stat("refold-data"); err == nil {
		t.Error("a data directory is made here")
	}
}

// serverSteps are taken one behind the other.
var serverSteps = []struct{ command, rest, says string }{
	{"status", "", `^PIPELINE .*\nlines_by_dir +live +1 +6 .*\n$`},
	{"status", "lines_by_dir --json", `^\[{"pipeline":"lines_by_dir","state":"live",`},
	{"status", "lines", `refold: pipeline "lines": there is no such pipeline\n  hint: .refold status. lists`},
	{"state", "lines_by_dir --key docs --json", `^{"additions":7,"deletions":4,"changes":2}\n$`},
	{"state", "lines_by_dir --key docs --at 2 --json", `^{"additions":5,"deletions":0,"changes":1}\n$`},
	{"state", "lines_by_dir --key docs --history", `^2  2026-01-01T00:00:02Z  file_added  .*\n5  .*"additions":7.*\n$`},
	{"verify", "lines_by_dir", `^lines_by_dir: generation 1 is what its log makes of it, up to position \d`},
	{"event list", "--limit 1 --json", `^{"position":1,"version":1,"id":"00000001-0000-7000-8000-000000000001"`},
	{"event trace", "00000003-0000-7000-8000-000000000001", `^commit_recorded .*\n  file_added `},
	{"event verify", "", `^as in the archive: 6 events; `},
	{"event verify", "--json", `^{"compared_with_archive":6}\n$`},
	{"resource show", "00000002-0000-7000-8000-000000000001", `refold: resource 00000002-0000-7000-8000-000000000001 is not registered\n`},
	{"resource exists", "00000002-0000-7000-8000-000000000001", `^false\n`},
	{"pause", "lines_by_dir --reason moved", `^lines_by_dir: paused at position 6\n$`},
	{"pause", "lines_by_dir", "^refold: pipeline lines_by_dir is paused: there is nothing to pause\n  hint: `refold resume"},
	{"pause", "lines", `^refold: pipeline "lines": there is no such pipeline\n  hint: .refold status. lists`},
	{"pause", "lines_by_dir --token-file look-token", `^refold: look may not operate\n  hint: ask with a token, or a certificate, that may do this`},
	{"resume", "lines_by_dir", `^lines_by_dir: goes on from position 6\n`},
	{"status", "lines_by_dir --history --limit 40", `live +paused +pause +moved\n`},
	{"status", "lines --history", `^refold: pipeline "lines": there is no such pipeline\n`},
	{"reload", "", `^unchanged: lines_by_dir\n$`},
	{"dlq list", "lines_by_dir", `^lines_by_dir: nothing is set aside\n$`},
	{"dlq show", "lines_by_dir --key docs", `refold: pipeline lines_by_dir: the key "docs" is not parked`},
	{"dlq retry", "lines_by_dir", `^lines_by_dir: nothing is left aside\n$`},
	{"dlq drop", "lines_by_dir --all", `^lines_by_dir: nothing is left aside\n$`},
	{"replay", "lines_by_dir", `^lines_by_dir: generation 2 serves, rebuilt from 6 events at`},
	{"replay list", "", ` lines_by_dir +done +2 `},
	{"replay show", "--json", `"state":"done"`},
	{"replay pause", "", `^refold: there is no replay job to pause\n  hint: .refold replay list.`},
	{"replay resume", "", `^refold: there is no replay job to resume\n  hint: .refold replay list.`},
	{"replay cancel", "01900000-0000-7000-8000-000000000000", `^refold: .*: there is no such job\n`},
	{"replay generations", "lines_by_dir --json", `^\[{"generation":1,.*"generation":2`},
	{"replay rollback", "lines_by_dir", `^lines_by_dir: generation 1 serves again, at position 6\n$`},
	{"replay drop", "lines_by_dir --generation 2 --json", `^\[{"generation":1,[^\]]*\]\n$`},
	{"replay", "lines_by_dir --until 3", `^lines_by_dir: generation \d is the read model as of position 3\n  .refold replay drop`},
	{"reset", "lines_by_dir --yes", `^lines_by_dir: generation \d serves, rebuilt from 6 events at`},
}

// testServerCertificate: a reload is refused where a start would be, for a certificate that
// is no good, and the one before goes on.
func testServerCertificate(t *testing.T) {
	key, err := os.ReadFile("tls.key")
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ key, says string }{{"no key", `^refold: engine.yaml:3:8: the server's certificate: .*\n$`}, {string(key), `^unchanged: lines_by_dir\n$`}} {
		if err := os.WriteFile("tls.key", []byte(step.key), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := say(t.Context(), "reload"); !regexp.MustCompile(step.says).MatchString(got.out + got.err) {
			t.Errorf("it exits %d and says\n%s%s\nwhich does not match %s", got.code, got.out, got.err, step.says)
		}
	}
}

// testWatchServer: who watches is told again and again, until that is interrupted.
func testWatchServer(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	told := &toldLines{enough: 2, then: interrupt}
	a := &app{in: strings.NewReader(""), out: told, err: told}
	if code := a.execute(ctx, []string{"status", "lines_by_dir", "--watch=100ms", "--json"}); code != 0 || strings.Count(told.String(), `[{"pipeline":"lines_by_dir"`) != told.seen || told.seen < 2 {
		t.Errorf("it exits %d and says\n%s", code, told)
	}
}

// toldLines takes lines, and does something when they are enough.
type toldLines struct {
	bytes.Buffer
	enough, seen int
	then         func()
}

func (l *toldLines) Write(b []byte) (int, error) {
	if l.seen += bytes.Count(b, []byte("\n")); l.seen >= l.enough {
		l.then()
	}
	return l.Buffer.Write(b)
}

// testServerVariables: a shell completes the names of pipelines that are there; what works
// on a data directory is refused unless that is named, and then counts before variables;
// and no token is repeated.
func testServerVariables(t *testing.T) {
	for _, test := range []struct {
		variable, value, line string
		code                  int
		says                  string
	}{
		{"NONE", "", "__complete state l", 0, "lines_by_dir\n:4\n"},
		{"NONE", "", "event import sample.jsonl", 2, "refold: REFOLD_SERVER is set, and `refold event import` works on a data directory: name that with --data\n"},
		{"NONE", "", "version", 0, "refold "},
		{"NONE", "", "status nowhere --data its", 1, "the data directory has no such pipeline\n  hint: pipelines in its: [lines_by_dir]"},
		{tokenEnv, opsToken, "status", 2, "refold: REFOLD_TOKEN_FILE and REFOLD_TOKEN: set one of them\n"},
		{tokenEnv, "another-of-nobody-at-all", "status --token-file ops-token --verbose", 0, "live"},
		{"REFOLD_TOKEN_FILE", "", "status", 1, "the request has no valid token\n  hint: name a file that has one of `control.tokens`"},
	} {
		t.Run(test.line, func(t *testing.T) {
			t.Setenv(test.variable, test.value)
			got := say(t.Context(), test.line)
			if got.code != test.code || !strings.Contains(got.out+got.err, test.says) || strings.Contains(got.out+got.err, test.value+"\n") && test.value != "" {
				t.Errorf("it exits %d and says\n%s%s\nand not %s", got.code, got.out, got.err, test.says)
			}
		})
	}
	t.Setenv("REFOLD_TOKEN_FILE", "")
	t.Setenv(tokenEnv, opsToken)
	if got := say(t.Context(), "status --verbose"); got.code != 0 || strings.Contains(got.out+got.err, opsToken) {
		t.Error(got)
	}
}

// startEngine runs an engine behind TLS with a pipeline over six events, in a folder of
// its own that is entered, until the test ends. Variables say how it is asked.
func startEngine(t *testing.T) {
	t.Helper()
	address := enterFolder(t)
	if got := say(t.Context(), "event import sample.jsonl --data its"); got.code != 0 {
		t.Fatal(got)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan said, 1)
	go func() { ended <- say(ctx, "run -c engine.yaml --data its") }()
	t.Cleanup(func() {
		stop()
		if got := <-ended; got.code != 0 || strings.Contains(got.err, opsToken) || !strings.Contains(got.err, `"by":"ops","what":"pipelines.pause"`) {
			t.Error(got)
		}
	})
	url := "https://" + address
	line := "status --json --token-file ops-token --ca-file ca.pem --server " + url
	for end := time.Now().Add(30 * time.Second); !strings.Contains(say(t.Context(), line).out, `"state":"live"`); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(say(t.Context(), line))
		}
	}
	t.Setenv("REFOLD_SERVER", url)
	t.Setenv("REFOLD_TOKEN_FILE", "ops-token")
	t.Setenv("REFOLD_CA_FILE", "ca.pem")
}

// enterFolder enters a folder with what the engine needs, and returns where that listens.
func enterFolder(t *testing.T) (address string) {
	t.Helper()
	cert, key, err := selfSigned()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = l.Addr().String()
	_ = l.Close()
	sample := sharedFiles(t)["sample.jsonl"]
	t.Chdir(t.TempDir())
	for name, text := range map[string][]byte{
		"ca.pem": cert, "tls.key": key, "ops-token": []byte(opsToken), "look-token": []byte("a-token-to-look-with"), "sample.jsonl": sample,
		"engine.yaml": []byte("control:\n  listen: " + address + `
  tls: {cert: ca.pem, key: tls.key}
  tokens: [{name: ops, file: ops-token, may: [read, operate]}, {name: look, file: look-token, may: [read]}]
pipelines: [{name: lines_by_dir, projection: {wasm: guests/lines_by_dir.wasm}, executors: [{null: {}}]}]
`),
	} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(os.Getenv(guestsEnv), "guests"); err != nil {
		t.Fatal(err)
	}
	return address
}

func sharedFiles(t *testing.T) map[string][]byte {
	t.Helper()
	shared, err := txtar.ParseFile("testdata/shared.txtar")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range shared.Files {
		files[f.Name] = f.Data
	}
	return files
}

// TestServerIsRefused: a command that asks no engine, or a data directory alone, does not
// take --server, and says why.
func TestServerIsRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, f := range serverFlags {
		t.Setenv(f.env, "")
	}
	seen := 0
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		for _, child := range c.Commands() {
			walk(child)
		}
		what := asksOf(c)
		if !c.Runnable() || what == anEngine || what == group || strings.HasPrefix(c.Name(), "__") {
			return
		}
		seen++
		want := map[asks]string{nobody: "asks no engine\n", aDirectory: "works on a data directory, on the machine where that is\n"}[what]
		arguments := ""
		for n := 0; c.ValidateArgs(make([]string, n)) != nil; n++ {
			arguments += " x"
		}
		if got := say(t.Context(), commandName(c)+arguments+" --server https://127.0.0.1:1"); got.code != 2 || !strings.Contains(got.err, want) || got.out != "" {
			t.Errorf("%s: %+v", c.CommandPath(), got)
		}
	}
	root := (&app{}).root()
	walk(root)
	if seen < 30 {
		t.Errorf("%d commands are tried", seen)
	}
	for what, names := range asking {
		for _, name := range names {
			if c, _, err := root.Find(strings.Fields(name)); (err != nil || commandName(c) != name) && name != "help" && !strings.HasPrefix(name, "__") {
				t.Errorf("%d: there is no refold %s", what, name)
			}
		}
	}
}

// fullLog takes no appends.
type fullLog struct{ *memory.Store }

func (fullLog) Accepts(context.Context) error {
	return &eventstore.FlushError{Reason: "the disk is full"}
}

// TestServerOfAFullLog: status says that a log takes no appends also of an engine elsewhere.
func TestServerOfAFullLog(t *testing.T) {
	t.Chdir(t.TempDir())
	logger := slog.New(slog.DiscardHandler)
	e, err := engine.Open(t.Context(), engine.Options{Log: fullLog{memory.New()}, Dir: "pipelines", Logger: logger, Now: time.Now, Advise: adviceOn}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := control.Listen(control.Options{Engine: e, Tokens: []control.Token{{Name: "ops", Secret: opsToken, May: []control.Right{control.Read}}}, Configured: &reloader{}, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), e.Close(context.Background())); err != nil {
			t.Error(err)
		}
	})
	t.Setenv("REFOLD_TOKEN", opsToken)
	if got := say(t.Context(), "status --server "+s.URL()); got.code != 0 || !strings.Contains(got.out, "\nlog: it takes no appends: ") || !strings.Contains(got.out, "\n  hint: make room on the disk") {
		t.Errorf("%+v", got)
	}
	if got := say(t.Context(), "status --json --server "+s.URL()); got.code != 0 || got.out != "[]\n" || !strings.Contains(got.err, `"msg":"the log takes no appends",`) || !strings.Contains(got.err, `"hint":"make room on the disk`) {
		t.Errorf("%+v", got)
	}
}

// TestServerDoesNotAnswer: what is wrong with an engine elsewhere, or with how it is asked,
// is told with what to do about it.
func TestServerDoesNotAnswer(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("REFOLD_TOKEN_FILE", "ops")
	encrypted, plain := httptest.NewTLSServer(replies(`[]`, 200)), httptest.NewServer(replies(`<html>`, 200))
	wanting := httptest.NewUnstartedServer(replies(`[]`, 200))
	wanting.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	wanting.StartTLS()
	later := httptest.NewServer(replies(`{"error":"there is no GET /v1/transitions"}`, 404))
	loud := httptest.NewServer(replies(`{"error":"\u001b[2J\u009b1m gone"}`, 409))
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, s := range []*httptest.Server{encrypted, plain, wanting, later, loud} {
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		t.Cleanup(s.Close)
	}
	cert, key, err := selfSigned()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"ca.pem": cert, "tls.key": key, "ops": []byte(opsToken), "none": []byte("no token at all")} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		line string
		code int
		says string
	}{
		{"replay list --json --ca-file ca.pem --server " + encrypted.URL, 0, "[]\n"},
		{"replay list --json --ca-file ca.pem --cert-file ca.pem --key-file tls.key --server " + wanting.URL, 0, "[]\n"},
		{"status --ca-file ca.pem --server " + wanting.URL, 1, "control.tls.client_ca` does so to who shows no certificate that it takes: --cert-file and --key-file"},
		{"status --server " + encrypted.URL, 1, "name with --ca-file the authorities that sign the engine's certificate"},
		{"status --ca-file ca.pem --server " + strings.Replace(encrypted.URL, "127.0.0.1", "localhost", 1), 1, "ask by a name that the certificate has: example.com, *.example.com, 127.0.0.1, ::1\n"},
		{"status --server http" + strings.TrimPrefix(encrypted.URL, "https"), 1, "with https:// where it has `control.tls`"},
		{"status --server https" + strings.TrimPrefix(plain.URL, "http"), 1, "what listens there does not encrypt"},
		{"status --server " + plain.URL, 1, "does not answer as an engine does: it says 200 OK, with \"text/html; charset=utf-8\"\n  hint: name the engine's address"},
		{"status --history --server " + later.URL, 1, "the engine is of version v9.9, and this is refold "},
		{"status --server " + loud.URL, 1, `refold: \x1b[2J\u009b1m gone` + "\n"},
		{"status --server " + gone.URL, 1, "nothing listens there: does the engine run"},
		{"status --server http://example.com:7461", 1, "example.com may be another machine"},
		{"status --watch --server " + gone.URL, 1, "nothing listens there"},
		{"status --token-file none --server " + plain.URL, 1, "none: a token has "},
		{"status --token-file gone --server " + plain.URL, 1, "reading the token for --server: open gone"},
		{"status --cert-file ca.pem --server " + wanting.URL, 2, "a certificate needs its key"},
		{"status --server https://me:secret@example.com", 2, "a URL has no login in it"},
		{"status --token-file ops", 2, "--token-file is about an engine that --server names"},
		{"status --token-file ops --data its", 2, "--token-file is about an engine that --server names"},
		{"status --server " + plain.URL + " --data its", 2, "--server and --data: say one of them"},
		{"status --disk --server " + plain.URL, 2, "--disk is about a data directory"},
	} {
		got := say(t.Context(), test.line)
		if got.code != test.code || !strings.Contains(got.out+got.err, test.says) || strings.Contains(got.err, "secret") || strings.Contains(got.err, opsToken) {
			t.Errorf("refold %s exits %d and says\n%s%s\nand not %s", test.line, got.code, got.out, got.err, test.says)
		}
	}
}

// What takes too long to be tried, and what an engine of this machine is told of.
func TestServerAdvice(t *testing.T) {
	for says, err := range map[string]error{"nothing answers": context.DeadlineExceeded, "mend the name": &net.DNSError{Err: "no such host", Name: "nowhere"}, "": context.Canceled} {
		if got := adviceOn(fmt.Errorf("following: %w", &control.UnreachedError{Remote: true, Err: err})); !strings.HasPrefix(got, says) || says == "" && got != "" {
			t.Errorf("%v: %q", err, got)
		}
	}
	if got := adviceOn(&control.UnreachedError{Err: context.DeadlineExceeded}); got != "" {
		t.Errorf("of an engine of this machine: %q", got)
	}
	for _, err := range []error{syscall.ECONNREFUSED, io.ErrUnexpectedEOF} {
		if got := adviceOn(&control.UnreachedError{Err: err}); !strings.HasPrefix(got, "the engine has ended") {
			t.Errorf("%v: %q", err, got)
		}
	}
}

// replies is a server that answers all alike, as JSON if it looks like that.
func replies(body string, code int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Refold-Version", "v9.9")
		w.Header().Set("Content-Type", "application/json")
		if strings.HasPrefix(body, "<") {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	})
}
