package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/refold-dev/refold/sdk/manifest"
)

func (a *app) printInspection(i *inspection) error {
	rows := [][]any{{"file", i.File}, {"size", fmt.Sprintf("%d bytes", i.Size)}, {"sha256", i.SHA256}}
	if m := i.Manifest; m != nil {
		rows = append(rows, []any{"projection", strings.TrimSpace(m.Name + " " + m.Version)}, []any{"state", stateText(m)})
		rows = append(rows, []any{"events", orAll(m.Events)}, []any{"fields", fieldsText(m.Fields)}, []any{"sdk", m.SDK})
	}
	if m := i.Executor; m != nil {
		rows = append(rows, []any{"executor", strings.TrimSpace(m.Name + " " + m.Version)}, []any{"kinds", strings.Join(m.Kinds, ", ")})
		for n, w := range m.Wants {
			rows = append(rows, []any{heading("wants", n), wantText(w)})
		}
		rows = append(rows, []any{"sdk", m.SDK})
	}
	if !i.Loads {
		rows = append(rows, []any{"refused", i.Refusal})
	}
	for n, imp := range i.Imports {
		rows = append(rows, []any{heading("imports", n), importText(imp)})
	}
	for n, e := range i.Exports {
		rows = append(rows, []any{heading("exports", n), e.Name + " " + e.Type})
	}
	for _, b := range i.Memory {
		rows = append(rows, []any{"memory", boundsText(b, "page") + ", of 64 KiB each"})
	}
	for _, b := range i.Tables {
		rows = append(rows, []any{"table", boundsText(b, "element")})
	}
	rows = append(rows, []any{"functions", fmt.Sprintf("%d, %s", i.Functions, namesText(i))})
	if f := i.Fuel; f != nil {
		rows = append(rows, []any{"fuel", fmt.Sprintf("%d an event at the median, %d at most, of %d events", f.P50, f.Max, f.Events)})
	}
	return a.table(rows)
}

func namesText(i *inspection) string {
	switch {
	case filepath.Ext(i.File) == ".js":
		return "all of the interpreter: an exception says where it is in the script"
	case i.Names:
		return "with names"
	}
	return "without names: a trap does not say where"
}

// heading is a row's heading where it is the first of its kind.
func heading(text string, n int) string {
	if n > 0 {
		return ""
	}
	return text
}

func stateText(m *manifest.Manifest) string {
	if m.State != manifest.Keyed {
		return string(m.State)
	}
	if m.Key == "" {
		return "keyed by the aggregate"
	}
	return "keyed by the field " + m.Key
}

func wantText(w manifest.Want) string {
	return strings.TrimSpace(string(w.Capability)+" "+w.Name) + ": " + w.Reason
}

func orAll(events []string) string {
	if len(events) == 0 {
		return "all"
	}
	return strings.Join(events, ", ")
}

func fieldsText(fields []manifest.Field) string {
	if len(fields) == 0 {
		return "none"
	}
	list := make([]string, len(fields))
	for i, f := range fields {
		list[i] = fmt.Sprintf("%s %s", f.Path, f.Type)
	}
	return strings.Join(list, ", ")
}

func importText(i importLine) string {
	if i.Allowed {
		return i.Name + " " + i.Type
	}
	return i.Name + " " + i.Type + " (not allowed)"
}

func boundsText(b boundsLine, unit string) string {
	text := counted(int(b.Initial), unit) + " at first, "
	if b.Maximum == 0 {
		return text + "no maximum but the plugin's limit"
	}
	return fmt.Sprintf("%sat most %d", text, b.Maximum)
}
