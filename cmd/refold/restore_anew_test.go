package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// bigLines are events of a megabyte each, so that a few make several blocks of a
// log.
func bigLines(count int) []string {
	lines := make([]string, count)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"id":"%s","aggregate_type":"thing","aggregate_id":"01900000-0000-7000-8000-0000000000a0","type":"made","schema_version":1,"time":"2026-01-31T09:30:00Z","correlation_id":"01900000-0000-7000-8000-0000000000c0","causation_id":null,"data":{"n":%d,"text":"%s"}}`+"\n",
			uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, i)), i, strings.Repeat("x", 900_000))
	}
	return lines
}

// TestRestoreAnewSalvages takes a file out of the midst of a log, behind what the
// archive has: what is behind the hole is not lost.
func TestRestoreAnewSalvages(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	lines := bigLines(30)
	text := func(lines []string) *bytes.Reader { return bytes.NewReader([]byte(strings.Join(lines, ""))) }
	must(t, dir, text(lines[:5]), "event", "import", "-")
	must(t, dir, nil, "archive", "build")
	must(t, dir, text(lines), "event", "import", "-")
	blocks, err := filepath.Glob(filepath.Join(dir, "log", "jetstream", "*", "streams", "*", "msgs", "2.blk"))
	if err != nil || len(blocks) != 1 {
		t.Fatalf("blocks: %v, %v", blocks, err)
	}
	for _, path := range []string{blocks[0], filepath.Join(dir, "log", "refold.clean")} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	out := must(t, dir, nil, "archive", "restore", "--anew")
	var restored, saved, unsaved, first, salvaged int
	var old, in string
	_, err = fmt.Sscanf(out, "%d events put back from the archive, %d behind them saved from the old log, which is now %s\n"+
		"%d positions of the old log, from %d on, are not in the new one: the old one cannot be read there, or only behind a hole\n"+
		"%d events from behind holes are in %s", &restored, &saved, &old, &unsaved, &first, &salvaged, &in)
	if err != nil || restored != 5 || saved == 0 || first != restored+saved+1 || unsaved != 30-restored-saved || salvaged == 0 || salvaged >= unsaved {
		t.Fatalf("%v: %s", err, out)
	}
	behind, err := os.ReadFile(strings.TrimSuffix(in, ":"))
	if err != nil || string(behind) != strings.Join(lines[30-salvaged:], "") {
		t.Errorf("%d bytes are salvaged, %v", len(behind), err)
	}
	if got := must(t, dir, nil, "event", "export"); got != strings.Join(lines[:restored+saved], "") {
		t.Errorf("the new log has %d bytes", len(got))
	}
	must(t, dir, bytes.NewReader(behind), "event", "import", "-")
	must(t, dir, nil, "event", "verify")
}
