package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/eventstore/jsonl"
	"github.com/refold-dev/refold/eventstore/memory"
)

// The guides for operators and for those who read the code.
const (
	operations   = "OPERATIONS.md"
	operating    = "OPERATING.md"
	architecture = "ARCHITECTURE.md"
	security     = "SECURITY.md"
	migration    = "MIGRATION_GUIDE.md"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	code    = regexp.MustCompile("(?s)```.*?```")
)

// TestLinksLeadSomewhere: each file and heading that a text links to is there.
func TestLinksLeadSomewhere(t *testing.T) {
	seen := 0
	for _, pattern := range []string{"../*.md", "*.md", "../examples/*/README.md", "../sdk/*.md", "../sdk/*/README.md"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%d files fit %s, %v", len(files), pattern, err)
		}
		for _, file := range files {
			text := string(read(t, file))
			for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
				if !strings.Contains(m[1], ":") {
					seen++
					checkLink(t, file, m[1])
				}
			}
		}
	}
	if seen < 100 {
		t.Errorf("%d links are found", seen)
	}
}

func checkLink(t *testing.T, file, target string) {
	t.Helper()
	path, anchor, _ := strings.Cut(target, "#")
	to := file
	if path != "" {
		to = filepath.Join(filepath.Dir(file), path)
	}
	if _, err := os.Stat(to); err != nil {
		t.Errorf("%s links to %s, which is not there", file, target)
		return
	}
	if anchor != "" && !anchors(t, to)[anchor] {
		t.Errorf("%s links to %s, and there is no such heading", file, target)
	}
}

// anchors are what a text's headings are linked by.
func anchors(t *testing.T, file string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(code.ReplaceAllString(string(read(t, file)), ""), -1) {
		all[slug(m[1])] = true
	}
	return all
}

func slug(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '_', r == '-':
			return unicode.ToLower(r)
		case r == ' ':
			return '-'
		}
		return -1
	}, heading)
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestGuidesNameTests: each test that a guide names is there.
func TestGuidesNameTests(t *testing.T) {
	tests := functions(t)
	for _, guide := range []string{architecture, security, operations, migration} {
		for _, m := range testName.FindAllStringSubmatch(string(read(t, guide)), -1) {
			if name := m[1]; name != "" && !strings.Contains(tests, "\nfunc "+name+"(") {
				t.Errorf("%s names %s, and there is none", guide, name)
			}
		}
	}
}

var arrow = regexp.MustCompile(`(?m)^    (\S+) --> (\S+)`)

// TestLifecycleInShort: what ARCHITECTURE.md shows of the lifecycle is part of the
// diagram that is made from its table.
func TestLifecycleInShort(t *testing.T) {
	whole := map[string]bool{}
	for _, m := range arrow.FindAllStringSubmatch(string(read(t, operating)), -1) {
		whole[m[1]+" "+m[2]] = true
	}
	_, part, _ := strings.Cut(string(read(t, architecture)), "<!-- lifecycle")
	part, _, _ = strings.Cut(part, "<!-- end of lifecycle")
	found := arrow.FindAllStringSubmatch(part, -1)
	if len(found) < 10 {
		t.Errorf("%d steps are shown", len(found))
	}
	for _, m := range found {
		if !whole[m[1]+" "+m[2]] {
			t.Errorf("%s shows a step from %s to %s, which the table does not have", architecture, m[1], m[2])
		}
	}
}

// TestAlertsHaveIncidents: the runbook of each alert is an incident of OPERATIONS.md.
func TestAlertsHaveIncidents(t *testing.T) {
	_, incidents, _ := strings.Cut(string(read(t, operations)), "\n## Incidents\n")
	has := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(incidents, -1) {
		has[slug(m[1])] = true
	}
	books := regexp.MustCompile(`runbook: docs/OPERATIONS\.md#(\S+)`).FindAllStringSubmatch(string(read(t, "../deploy/prometheus/alerts.yaml")), -1)
	if len(books) < 5 {
		t.Errorf("%d alerts have a runbook", len(books))
	}
	for _, m := range books {
		if !has[m[1]] {
			t.Errorf("an alert's runbook is #%s, and %s has no such incident", m[1], operations)
		}
	}
}

// TestYAMLOfGuides: each piece of YAML that a guide shows is a configuration, where the
// files that it names are.
func TestYAMLOfGuides(t *testing.T) {
	for _, guide := range []string{operations, security, migration} {
		for _, block := range blocks(t, guide, "yaml") {
			dir := t.TempDir()
			for _, m := range regexp.MustCompile(`[\w./-]+\.(?:wasm|js)\b`).FindAllString(block, -1) {
				if err := os.WriteFile(filepath.Join(dir, filepath.Base(m)), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(filepath.Join(dir, "in.yaml"), []byte(block), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := config.Load(filepath.Join(dir, "in.yaml")); err != nil {
				t.Errorf("%s: %v in:\n%s", guide, err, block)
			}
		}
	}
}

// TestLinesOfTheMigrationGuide: each line that the guide shows can be imported, and the
// one of the domain is what the domain reads.
func TestLinesOfTheMigrationGuide(t *testing.T) {
	lines := blocks(t, migration, "json")
	store := memory.New()
	bulk, err := store.Bulk(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		report, err := jsonl.Import(t.Context(), strings.NewReader(line), bulk, jsonl.Options{})
		if err != nil || report.Lines != 1 {
			t.Errorf("%d lines, %v in:\n%s", report.Lines, err, line)
		}
	}
	if err := bulk.Close(); err != nil {
		t.Error(err)
	}
	e, err := event.ParseJSON([]byte(lines[len(lines)-1]))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := compute.FromEvent(e); err != nil {
		t.Error(err)
	}
}

// TestSQLOfTheMigrationGuide: the query that the guide shows is the one that a script
// runs.
func TestSQLOfTheMigrationGuide(t *testing.T) {
	script := string(read(t, "../cmd/refold/testdata/script/marten.txtar"))
	for _, block := range blocks(t, migration, "sql") {
		if !strings.Contains(script, block) {
			t.Errorf("marten.txtar does not run\n%s", block)
		}
	}
}
