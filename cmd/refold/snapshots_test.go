package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const longResource = "01900000-0000-7000-8000-0000000000a0"

// writeLife writes the first n events of one resource's life, for an import.
func writeLife(t *testing.T, path string, n int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	for i := range n {
		kind, data := "asset_tag_assigned", fmt.Sprintf(`{"asset_tag":"T-%d"}`, i+1)
		if i == 0 {
			kind, data = "resource_registered", `{"hostname":"web-1.example.com","resource_type":"router"}`
		}
		fmt.Fprintf(w, `{"id":"01900000-0000-7000-8000-%012x","aggregate_type":"compute","aggregate_id":%q,"type":%q,"time":"2026-01-31T09:30:00Z","correlation_id":"01900000-0000-7000-8000-0000000000c0","causation_id":null,"data":%s}`+"\n",
			i+1, longResource, kind, data)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
}

// TestResourceSnapshots: the state of a long resource is kept in the data
// directory and read again, whatever is done to the file.
func TestResourceSnapshots(t *testing.T) {
	folder := t.TempDir()
	data, life := filepath.Join(folder, "data"), filepath.Join(folder, "life.jsonl")
	do := func(args ...string) (stdout, stderr string) {
		t.Helper()
		code, stdout, stderr := inProcess(t.Context(), nil, append(args, "--data", data)...)
		if code != 0 {
			t.Fatalf("refold %v: exit code %d, %s", args, code, stderr)
		}
		return stdout, stderr
	}
	show := func(version int, told string) {
		t.Helper()
		stdout, stderr := do("resource", "show", longResource, "--json")
		if want := fmt.Sprintf(`"asset_tag":"T-%d"`, version); !strings.Contains(stdout, want) || !strings.Contains(stdout, fmt.Sprintf(`"version":%d`, version)) {
			t.Errorf("it shows %s, want version %d", stdout, version)
		}
		if told == "" && stderr != "" || !strings.Contains(stderr, told) {
			t.Errorf("it tells %q, want %q", stderr, told)
		}
	}
	kept := func() []string {
		files, _ := filepath.Glob(filepath.Join(data, "snapshots", "*", "*"))
		return files
	}

	writeLife(t, life, 99)
	do("event", "import", life)
	show(99, "")
	if _, err := os.Stat(filepath.Join(data, "snapshots")); !os.IsNotExist(err) {
		t.Errorf("a short resource has made the folder: %v", err)
	}
	writeLife(t, life, 150)
	do("event", "import", life)
	show(150, "")
	if len(kept()) != 1 || filepath.Base(kept()[0]) != "compute-"+longResource+".snapshot" {
		t.Fatalf("kept are %v", kept())
	}
	show(150, "")
	do("resource", "assign", longResource, "--owner", longResource)

	sound, err := os.ReadFile(kept()[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(kept()[0], sound[:len(sound)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, stderr := do("resource", "show", longResource)
	if !strings.HasSuffix(stdout, " 151\n") || !strings.Contains(stderr, "is damaged: its checksum is wrong") {
		t.Errorf("with a damaged file: %s%s", stdout, stderr)
	}
	if _, stderr := do("resource", "show", longResource); stderr != "" {
		t.Errorf("it has not been replaced: %s", stderr)
	}

	// Another log in the same folder, which has fewer events, and others.
	if err := os.RemoveAll(filepath.Join(data, "log")); err != nil {
		t.Fatal(err)
	}
	writeLife(t, life, 120)
	do("event", "import", life)
	show(120, "its version 151 is ahead of the log")
	show(120, "")
}
