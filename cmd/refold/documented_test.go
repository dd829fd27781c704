package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/cmd/refold/internal/guide"
)

// shownLine is a command line that a text shows.
type shownLine struct {
	file    string // or the command whose help it is
	section string // of a text, if it is a block's
	at      int
	text    string // without a comment behind it
}

func (s shownLine) String() string { return fmt.Sprintf("%s:%d: %s", s.file, s.at, s.text) }

// texts are what shows command lines to readers.
var texts = []string{
	"../../*.md", "../../docs/*.md", "../../examples/*/README.md",
	"../../sdk/*.md", "../../sdk/*/README.md",
}

// programs are what a command line begins with, and how one is held to what there is.
// Of the others it is enough that they are run.
var programs = map[string]func(shownLine) error{
	"refold":     refoldLine,
	"bin/refold": refoldLine,
	"make":       makeLine,
	"go":         goLine,
	"curl":       curlLine,
}

// foreign are programs that are no part of Refold. Lines of the shell's own words say
// where a reader is, and are not run.
var (
	foreign = strings.Fields("cp mkdir cat tail nats npm zig cargo psql sqlite3 openssl systemctl journalctl sudo install useradd " +
		"docker sha256sum promtool kill chmod man runuser systemd-sysusers")
	shellsOwn = []string{"cd", "source"}
)

// place is what runs a line: a file of the repository, and words in it without which it
// would no longer do so.
type place struct{ file, has string }

var (
	testTarget = place{"Makefile", "$(GO) test $(QUICKER) -timeout 15m $(TESTFLAGS) ./..."}
	madeFirst  = place{"Makefile", "test: tools build guests"}
)

// elsewhere are lines that no script runs as they stand, and what does so in its place. A
// line that stands for something else in each guide has its guide before it.
var elsewhere = map[string]place{
	"make run":                    {"cmd/refold/documented_test.go", `"make", "-s", "run"`},
	"make build":                  madeFirst,
	"make build guests":           madeFirst,
	"make go":                     {"Makefile", "-C examples/git-history go"},
	"go test ./...":               testTarget,
	"go test ./sdk":               testTarget,
	"go run ./examples/aggregate": {"examples/aggregate/main_test.go", "run(t.Context(), dir, &out)"},

	"examples/fleet/README.md: make":          {"Makefile", "-C examples/fleet all"},
	"examples/chat-webhook/README.md: make":   {"Makefile", "-C examples/chat-webhook all"},
	"examples/process-plugin/README.md: make": {"cmd/refold/testdata/script/examples.txtar", "exec make --no-print-directory\n"},

	"GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o lines_by_dir.wasm .": {"cmd/refold/main_test.go", `"-buildmode=c-shared", "-o", path, source`},
	"GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o name.wasm .":         {"cmd/refold/main_test.go", `"-buildmode=c-shared", "-o", path, source`},
	"cargo build --release --target wasm32-unknown-unknown":                       {"cmd/refold/testdata/script/plugin_new_rust.txtar", "exec refold plugin build"},

	"refold status --server https://engine.example.com:7461 --token-file secrets/ops-token --ca-file ca.pem": {
		"cmd/refold/server_test.go", `"status --json --token-file ops-token --ca-file ca.pem --server "`},

	"kill -HUP $(pidof refold)":                                 {"cmd/refold/testdata/script/reload.txtar", "\nsighup\n"},
	"nats subscribe 'infrastructure_system.pipeline.*.faulted'": {"cmd/refold/testdata/script/control_nats.txtar", `infrastructure_system\.pipeline\.\S+\.live`},

	"refold bench --only wasm_c_vs_native,wasm_rust_vs_native,fuel_overhead_json_scan,fuel_vs_wazero_guard,go_fields_vs_go_json,cold_start_ms,workers_2_vs_1": {
		"cmd/refold/testdata/script/bench.txtar", "exec refold bench --events 1000 --module guests/lines_by_dir.wasm\n"},
}

// accepted are lines that `make acceptance` takes out of their guides and runs, and the
// test that takes those of the section.
var accepted = map[string]string{
	"make release":          "release_test.go",
	"make bench-others":     "checkout_test.go",
	"go test ./sdk -update": "checkout_test.go",

	"zig build-exe -fno-entry -rdynamic -target wasm32-freestanding -mcpu=generic+bulk_memory -O ReleaseSafe \\": "zig_test.go",

	"systemd-sysusers":                                          "systemd_test.go",
	"systemctl daemon-reload":                                   "systemd_test.go",
	"systemctl enable --now refold":                             "systemd_test.go",
	"journalctl -u refold -f":                                   "systemd_test.go",
	"systemctl reload refold":                                   "systemd_test.go",
	"runuser -u refold -- refold status --data /var/lib/refold": "systemd_test.go",

	"docker build -t refold --build-arg VERSION=v1.2.3 --build-arg REVISION=$(git rev-parse HEAD) .":               "docker_test.go",
	`docker run -d --name refold --stop-timeout 60 -v refold-data:/data -v "$PWD/pipelines":/etc/refold:ro refold`: "docker_test.go",
	"docker exec refold refold status": "docker_test.go",
}

// notRun are lines that nothing runs, and why.
var notRun = map[string]string{
	"make test": "what runs this test",
}

// ranByTests says what runs lines that are many of a kind: tests of Go, and the API's
// guide. A benchmark is not run, only held to the names that there are.
func ranByTests(s shownLine) (place, bool) {
	words, err := shellWords(s.text)
	switch {
	case err != nil:
		return place{}, false
	case s.file == "docs/API.md" && program(words) == "curl":
		return place{"docs/api_test.go", `blocks(t, api, "console")`}, true
	case slices.Contains(words, "-bench"), slices.Contains(words, "-fuzz"): // whose seeds are tests
		return testTarget, true
	}
	return testTarget, strings.Contains(s.text, "go test -run ")
}

// bound are the words that stand for something in texts, and what scripts have in
// their places.
var bound = strings.NewReplacer(
	"bin/refold ", "refold ", "$JOB", "JOB", "$ID", "ID", "http://$MONITOR", "http://127.0.0.1:9464", "$MONITOR", "127.0.0.1:9464",
	" PIPELINE", " lines_by_dir", "--key KEY", "--key docs", "FILE.yaml", "lines_by_dir_test.yaml",
	"$WORK/", "/", "$REPO/sdk", "PATH/sdk", " /tmp/", " ", "stock-effects", "dirs", "http://nats-1.example.com:8222", "$always_MONITOR", "http://nats.example.com:8222", "$default_MONITOR",
	"-c always.yaml", "-c pipelines.yaml",
)

var leftOut = regexp.MustCompile(` --(data|cases) \S+| --events \d+| --module \S+`)

// canonical is a line as it is compared: which data directory it is about, with what and
// how much is tried, is left out.
func canonical(line string) string {
	line, _, _ = strings.Cut(line, " | ")
	line = leftOut.ReplaceAllString(bound.Replace(line+" "), "")
	return strings.Join(strings.Fields(line), " ")
}

// TestShownCommandsAreThere: each command line that a help text or a guide shows is one
// that there is: with its flags and as many arguments as it takes, its target, its
// packages and tests, its address.
func TestShownCommandsAreThere(t *testing.T) {
	guides := shownInTexts(t)
	helps := shownInHelp()
	inline := inlineInTexts(t)
	if len(helps) < 8 || len(guides) < 150 || len(inline) < 100 {
		t.Errorf("%d command lines are found in help texts, %d in blocks of guides and %d within sentences", len(helps), len(guides), len(inline))
	}
	for _, s := range slices.Concat(guides, helps) {
		words, err := shellWords(s.text)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		if check := programs[program(words)]; check != nil {
			if err := check(s); err != nil {
				t.Errorf("%s: %v", s, err)
			}
		}
	}
}

// TestCommandsInSentencesAreThere: each command of refold that a sentence names is there,
// with the flags that it names. Arguments, and the value of a flag behind which it ends,
// may be left to the sentence.
func TestCommandsInSentencesAreThere(t *testing.T) {
	for _, s := range inlineInTexts(t) {
		words, err := shellWords(strings.ReplaceAll(s.text, " N", " 1"))
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		_, err = commandOf(words[1:])
		if last := words[len(words)-1]; err != nil && strings.HasPrefix(last, "--") { // named without its value
			_, err = commandOf(append(words[1:], "1"))
		}
		if err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
}

// TestShownCommandsAreRun: each line that a guide shows is run by a script, or named above
// with what runs it, or with why nothing does.
func TestShownCommandsAreRun(t *testing.T) {
	ran := ranByScripts(t)
	used := map[string]bool{}
	for _, s := range shownInTexts(t) {
		line := canonical(s.text)
		if words, err := shellWords(s.text); err != nil || slices.Contains(shellsOwn, program(words)) || ran[line] {
			continue
		}
		if p, ok := ranByTests(s); ok {
			checkPlace(t, s, p)
			continue
		}
		for _, name := range []string{s.text, s.file + ": " + s.text} {
			if p := elsewhere[name]; p != (place{}) {
				checkPlace(t, s, p)
				used[name] = true
			} else if test := accepted[name]; test != "" {
				checkPlace(t, s, place{"cmd/refold/acceptance/" + test, fmt.Sprintf("lines(t, %q, %q)", s.file, s.section)})
				used[name] = true
			} else if notRun[name] != "" {
				used[name] = true
			}
		}
		if !used[s.text] && !used[s.file+": "+s.text] {
			t.Errorf("%s: no script in testdata/script runs it: one that does belongs into documented.txtar", s)
		}
	}
	for _, line := range slices.Concat(slices.Collect(maps.Keys(notRun)), slices.Collect(maps.Keys(elsewhere)), slices.Collect(maps.Keys(accepted))) {
		if !used[line] {
			t.Errorf("%q is shown nowhere, or run: remove it from the lists", line)
		}
	}
}

func checkPlace(t *testing.T, s shownLine, p place) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", p.file))
	if err != nil || !strings.Contains(string(text), p.has) {
		t.Errorf("%s: %s is said to run it, by %q: %v", s, p.file, p.has, err)
	}
}

// TestMakeRun: the first thing that a reader does says that what was replayed is equal.
func TestMakeRun(t *testing.T) {
	if testing.Short() {
		t.Skip("links a program")
	}
	for _, part := range []string{"Makefile", "examples/fleet/Makefile", "examples/fleet/*/*.go", "examples/embed/*.go"} {
		files, err := filepath.Glob(filepath.Join("../..", part)) // so that go test sees when one changes
		if err != nil || len(files) == 0 {
			t.Fatalf("no %s: %v", part, err)
		}
		for _, file := range files {
			if _, err := os.Stat(file); err != nil {
				t.Fatal(err)
			}
		}
	}
	c := exec.Command("make", "-s", "run")
	c.Dir, c.Env = "../..", append(os.Environ(), "TMPDIR="+t.TempDir())
	out, err := c.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "equal: the replayed table is the live one, row by row and column by column") {
		t.Errorf("%v\n%s", err, out)
	}
}

// shownInTexts reads the command lines of indented blocks, and of fenced ones that are
// of a shell or of nothing.
func shownInTexts(t *testing.T) (list []shownLine) {
	t.Helper()
	for _, pattern := range texts {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%d files fit %s, %v", len(files), pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, shownIn(strings.TrimPrefix(file, "../../"), string(text))...)
		}
	}
	return list
}

var inSentence = regexp.MustCompile("`(refold [a-z][^`|…\\[({]*)`")

// inlineInTexts are the commands of refold within sentences. What is written there for
// several at once is passed over.
func inlineInTexts(t *testing.T) (list []shownLine) {
	t.Helper()
	for _, pattern := range texts {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			at := 0
			for line := range strings.Lines(string(text)) {
				at++
				for _, m := range inSentence.FindAllStringSubmatch(line, -1) {
					list = append(list, shownLine{file, "", at, m[1]})
				}
			}
		}
	}
	return list
}

// shownIn are the lines of a text's blocks that are commands.
func shownIn(file, text string) (list []shownLine) {
	for _, l := range guide.Lines(text) {
		if words, err := shellWords(l.Text); err == nil && isProgram(program(words)) && !isProse(words) {
			list = append(list, shownLine{file, l.Section, l.At, l.Text})
		}
	}
	return list
}

// shownInHelp are the examples of help texts.
func shownInHelp() (list []shownLine) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		at := 0
		for line := range strings.Lines(c.Example) {
			at++
			line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
			if strings.HasPrefix(line, "refold ") && !strings.ContainsAny(line, "|>&`") {
				list = append(list, shownLine{c.CommandPath() + " --help", "", at, strings.TrimSpace(line)})
			}
		}
		for _, child := range c.Commands() {
			walk(child)
		}
	}
	walk((&app{}).root())
	return list
}

func isProgram(name string) bool {
	return programs[name] != nil || slices.Contains(foreign, name) || slices.Contains(shellsOwn, name)
}

// isProse is of a line of an output or a comment that begins like a command.
func isProse(words []string) bool {
	return len(words) > 1 && (words[1] == "=" || strings.HasSuffix(words[0], ":"))
}

// program is what a line runs, behind the variables that it sets.
func program(words []string) string {
	for _, w := range words {
		if !regexp.MustCompile(`^[A-Z_0-9]+=`).MatchString(w) {
			return w
		}
	}
	return ""
}

// shellWords splits a line as a shell does, as far as guides go: by spaces, but within
// quotes. It ends at a pipe, a redirection or a comment.
func shellWords(line string) (words []string, err error) {
	word, quote, begun := strings.Builder{}, rune(0), false
	end := func() {
		if begun {
			words = append(words, word.String())
		}
		word.Reset()
		begun = false
	}
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, begun = r, true
		case r == ' ':
			end()
		case r == '|' || r == '>' || r == '&':
			end()
			return words, nil
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if quote != 0 {
		return nil, errors.New("a quote is not closed")
	}
	end()
	return words, nil
}

// refoldLine holds a line to the commands that there are.
func refoldLine(s shownLine) error {
	words, err := shellWords(s.text)
	if err != nil {
		return err
	}
	return parses(words[1:])
}

// parses is how a command line comes to the command that it runs, and whether it has as
// many arguments as that takes.
func parses(args []string) error {
	cmd, err := commandOf(args)
	if err != nil {
		return err
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}

// commandOf finds the command of a line, and has it read its flags.
func commandOf(args []string) (*cobra.Command, error) {
	root := (&app{out: io.Discard, err: io.Discard}).root()
	cmd, rest, err := root.Find(args)
	if err != nil {
		return nil, err
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return nil, err
	}
	takesAny := cmd.ValidateArgs(make([]string, 99)) == nil // it says itself what it does not know
	if cmd.HasSubCommands() && cmd.Flags().NArg() > 0 && takesAny {
		return cmd, cmd.RunE(cmd, cmd.Flags().Args())
	}
	return cmd, nil
}

// makeLine asks make what it would do, in the repository or in the text's folder.
func makeLine(s shownLine) error {
	words, _ := shellWords(s.text)
	dirs := []string{filepath.Dir(filepath.Join("../..", s.file)), "../.."}
	if _, err := os.Stat(filepath.Join(dirs[0], "Makefile")); err != nil {
		dirs = dirs[1:]
	}
	var errs []error
	for _, dir := range dirs {
		c := exec.Command("make", append([]string{"-n"}, words[1:]...)...)
		c.Dir = dir
		out, err := c.CombinedOutput()
		if err == nil {
			return nil
		}
		errs = append(errs, fmt.Errorf("%s: %w: %s", c, err, out))
	}
	return errors.Join(errs...)
}

// goLine looks for the packages of a `go test` or `go run`, and for tests that the
// patterns fit.
func goLine(s shownLine) error {
	words, _ := shellWords(s.text)
	for !strings.HasPrefix(words[0], "go") {
		words = words[1:]
	}
	if words[1] == "build" || words[1] == "install" {
		return nil // of a reader's own folder
	}
	source, err := sourceOf(s, words)
	if err != nil {
		return err
	}
	kinds := map[string]string{"-run": "Test", "-bench": "Benchmark", "-fuzz": "Fuzz"}
	for i, w := range words[:len(words)-1] {
		kind, value := kinds[w], words[i+1]
		if kind == "" || value == "^$" || value == "." {
			continue
		}
		pattern, err := regexp.Compile(value)
		if err != nil {
			return err
		}
		names := regexp.MustCompile(`(?m)^func ((?:Test|Benchmark|Fuzz|Example)\w*)\(`).FindAllStringSubmatch(source, -1)
		if !slices.ContainsFunc(names, func(m []string) bool {
			return (strings.HasPrefix(m[1], kind) || kind == "Test") && pattern.MatchString(m[1])
		}) {
			return fmt.Errorf("%s %s fits nothing there", w, value)
		}
	}
	return nil
}

// sourceOf is the text of the packages that a line names.
func sourceOf(s shownLine, words []string) (string, error) {
	var source strings.Builder
	for _, w := range words {
		if w != "." && !strings.HasPrefix(w, "./") {
			continue
		}
		path, below := strings.CutSuffix(w, "/...")
		dir := filepath.Join("../..", path)
		if _, err := os.Stat(dir); err != nil || path == "." {
			dir = filepath.Join("../..", filepath.Dir(s.file), path)
		}
		text, err := goFilesIn(dir, below)
		if err != nil || text == "" {
			return "", fmt.Errorf("%s has no files of Go, %v", w, err)
		}
		source.WriteString(text)
	}
	return source.String(), nil
}

func goFilesIn(dir string, below bool) (string, error) {
	var text strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != dir && !below:
			return filepath.SkipDir
		case !strings.HasSuffix(path, ".go"):
			return nil
		}
		file, err := os.ReadFile(path)
		text.Write(file)
		return err
	})
	return text.String(), err
}

var pathOfURL = regexp.MustCompile(`(?:https?://[^/\s'"]+|\$\{?\w+\}?)(/[^\s?'"]*)`)

// curlLine looks for the path among those that an engine serves.
func curlLine(s shownLine) error {
	m := pathOfURL.FindStringSubmatch(s.text)
	if m == nil {
		return errors.New("it names no URL with a path")
	}
	document, err := os.ReadFile("../../engine/control/openapi.json")
	if err != nil {
		return err
	}
	for _, served := range regexp.MustCompile(`(?m)^  "(/[^"]*)": \{`).FindAllStringSubmatch(string(document), -1) {
		pattern := regexp.MustCompile(`\\\{[a-z]+\\\}`).ReplaceAllString(regexp.QuoteMeta(served[1]), `[^/]+`)
		if regexp.MustCompile("^" + pattern + "$").MatchString(m[1]) {
			return nil
		}
	}
	if strings.HasPrefix(m[1], "/debug/pprof/") {
		return nil
	}
	return fmt.Errorf("no engine serves %s", m[1])
}

var (
	ofScript = regexp.MustCompile(`^(?:\[[^\]]*\] )*(?:! )?(?:exec|exits \d+|eventually \S+ '(?:[^']|'')*'|eventually \S+ \S+) (.*?)(?: &\w*&?)?$`)
	inShell  = regexp.MustCompile(`^sh -c '(.*)'$`)

	// Commands of the scripts' own that do what a tool does.
	asTool = map[*regexp.Regexp]string{
		regexp.MustCompile(`^mkdir (\S+)$`):            "mkdir $1",
		regexp.MustCompile(`^query (\S+) (.+)$`):       "sqlite3 $1 $2",
		regexp.MustCompile(`^nats_ask \S+ (\S+ ?.*)$`): "nats request $1",
	}
)

// ranByScripts are the lines that the scripts run, as guides show them.
func ranByScripts(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d scripts, %v", len(files), err)
	}
	ran := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			for _, command := range ofScriptLine(strings.TrimSpace(line)) {
				ran[canonical(command)] = true
			}
		}
	}
	return ran
}

// ofScriptLine are the commands that a script's line runs.
func ofScriptLine(line string) []string {
	for pattern, tool := range asTool {
		if pattern.MatchString(line) {
			return []string{pattern.ReplaceAllString(line, tool)}
		}
	}
	m := ofScript.FindStringSubmatch(line)
	if m == nil {
		return nil
	}
	if inner := inShell.FindStringSubmatch(m[1]); inner != nil {
		return strings.Split(inner[1], "; ")
	}
	return []string{m[1]}
}
