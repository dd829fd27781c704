package control_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"gopkg.in/yaml.v3"
)

// told are the metrics that an engine has told, with their labels.
type told map[string]map[string]bool

var label = regexp.MustCompile(`([a-z_]+)="`)

// note adds what a scrape says.
func (told told) note(values map[string]float64) {
	for series := range values {
		name, labels, _ := strings.Cut(series, "{")
		names := []string{name}
		if of, isHistogram := strings.CutSuffix(name, "_count"); isHistogram {
			names = append(names, of+"_bucket")
		}
		for _, name := range names {
			if told[name] == nil {
				told[name] = map[string]bool{"instance": true, "job": true, "le": strings.HasSuffix(name, "_bucket")} // by Prometheus
			}
			for _, found := range label.FindAllStringSubmatch(labels, -1) {
				told[name][found[1]] = true
			}
		}
	}
}

// anchor is what a runbook link leads to: a heading of the operators' guide.
var anchor = regexp.MustCompile(`^docs/OPERATIONS\.md#([a-z-]+)$`)

// checkAlerts: each rule is PromQL about metrics and labels that there are, and has a
// runbook, which is a heading of its own.
func checkAlerts(t *testing.T, metrics told) {
	text, err := os.ReadFile("../../deploy/prometheus/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr         string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil || len(file.Groups) != 1 {
		t.Fatalf("the alerts: %v", err)
	}
	guide, err := os.ReadFile("../../docs/OPERATIONS.md")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, rule := range file.Groups[0].Rules {
		metrics.check(t, rule.Alert, rule.Expr)
		heading := anchor.FindStringSubmatch(rule.Annotations["runbook"])
		switch {
		case heading == nil || seen[heading[1]] || rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" || !slices.Contains([]string{"warning", "critical"}, rule.Labels["severity"]):
			t.Errorf("%s: %+v", rule.Alert, rule)
			continue
		case guide != nil && !hasHeading(string(guide), heading[1]):
			t.Errorf("%s: docs/OPERATIONS.md has no heading #%s", rule.Alert, heading[1])
		}
		seen[heading[1]] = true
	}
	if len(seen) == 0 {
		t.Error("there are no alerts")
	}
}

// hasHeading reports whether a guide has a heading that an anchor leads to.
func hasHeading(guide, anchor string) bool {
	for line := range strings.Lines(guide) {
		title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " ")
		if ok && strings.HasPrefix(line, "#") && strings.ReplaceAll(strings.ToLower(strings.TrimSpace(title)), " ", "-") == anchor {
			return true
		}
	}
	return false
}

// checkDashboard: each panel asks for metrics that there are, in a place of its own.
func checkDashboard(t *testing.T, metrics told) {
	text, err := os.ReadFile("../../deploy/grafana/refold.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			ID          int
			Title, Type string
			Targets     []struct{ Expr string }
		}
		Templating struct {
			List []struct{ Name, Query any }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	var variables, rows []string
	for _, v := range board.Templating.List {
		variables = append(variables, v.Name.(string))
	}
	ids := map[int]bool{}
	for _, p := range board.Panels {
		if ids[p.ID] || (p.Type == "row") != (len(p.Targets) == 0) {
			t.Errorf("panel %d, %q: twice, or without anything to show", p.ID, p.Title)
		}
		ids[p.ID] = true
		if p.Type == "row" {
			rows = append(rows, p.Title)
		}
		for _, target := range p.Targets {
			metrics.check(t, p.Title, strings.ReplaceAll(target.Expr, "$__rate_interval", "5m"))
		}
	}
	for _, want := range []string{"datasource", "instance", "pipeline"} {
		if !slices.Contains(variables, want) {
			t.Errorf("there is no variable %s", want)
		}
	}
	for _, want := range []string{"Lag", "Throughput", "Errors", "Executors", "Resources", "Replays"} {
		if !slices.Contains(rows, want) {
			t.Errorf("there is no row %s", want)
		}
	}
}

// check: an expression is PromQL, about metrics and labels that there are.
func (told told) check(t *testing.T, where, text string) {
	expr, err := parser.ParseExpr(text)
	if err != nil {
		t.Errorf("%s: %s: %v", where, text, err)
		return
	}
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		s, ok := node.(*parser.VectorSelector)
		if !ok || s.Name == "up" {
			return nil
		}
		labels, known := told[s.Name]
		if !known {
			t.Errorf("%s: %s: there is no metric %s", where, text, s.Name)
			return nil
		}
		for _, m := range s.LabelMatchers {
			if m.Name != "__name__" && !labels[m.Name] {
				t.Errorf("%s: %s: %s has no label %s", where, text, s.Name, m.Name)
			}
		}
		return nil
	})
}
