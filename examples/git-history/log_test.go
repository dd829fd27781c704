package githistory_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/framejson"
)

// payload is what the projections read of an event.
type payload struct {
	Author               string
	Dir                  string
	Additions, Deletions int64
}

// record is an event of the log under test.
type record struct {
	event.Event
	payload payload
}

// readLog reads the log that REFOLD_GIT_HISTORY names, in the import format, or
// makes one up.
func readLog(t testing.TB) []record {
	t.Helper()
	text := io.Reader(bytes.NewReader(madeUp()))
	if path := os.Getenv("REFOLD_GIT_HISTORY"); path != "" {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		text = file
		if filepath.Ext(path) == ".gz" {
			if text, err = gzip.NewReader(file); err != nil {
				t.Fatal(err)
			}
		}
	}
	return parse(t, text)
}

// parse reads a log in the import format.
func parse(t testing.TB, text io.Reader) (log []record) {
	t.Helper()
	lines := bufio.NewScanner(text)
	for lines.Scan() {
		e, err := event.ParseJSON(lines.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		r := record{Event: e}
		if err := json.Unmarshal(e.Data, &r.payload); err != nil {
			t.Fatal(err)
		}
		log = append(log, r)
	}
	if err := lines.Err(); err != nil || len(log) == 0 {
		t.Fatalf("%d events, error %v", len(log), err)
	}
	return log
}

// madeUp is a log of 2,000 events with awkward names.
func madeUp() []byte {
	var b bytes.Buffer
	types := []string{"commit_recorded", "file_added", "file_modified", "file_deleted"}
	names := []string{"docs", ".", "größe", "😀", "～", `a "b"\c`, "tab\there", "<&>\u2028\b\x7f", "", "zz", "cmd/refold"}
	for i := range 2000 {
		name, _ := json.Marshal(names[i/4%len(names)])
		fmt.Fprintf(&b, `{"id":"00000000-0000-4000-8000-%012x","aggregate_type":"file","aggregate_id":"00000000-0000-4000-8000-00000000abcd",`+
			`"type":%q,"time":"2026-01-31T09:30:00Z","correlation_id":"00000000-0000-4000-8000-00000000beef","causation_id":null,`+
			`"data":{"author":%s,"dir":%s,"additions":%d,"deletions":%d}}`+"\n", i+1, types[i%4], name, name, i%50, i%13)
	}
	return b.Bytes()
}

// batchOf frames the events that the module wants, grouped by its key.
func batchOf(m *wasm.Module, log []record, start, end int, states map[string]string) framejson.Batch {
	self := m.Manifest()
	b := framejson.Batch{Types: self.Events, SlotsPerEvent: len(self.Fields)}
	wanted, groups := map[string]bool{}, map[string]int{}
	for _, name := range self.Events {
		wanted[name] = true
	}
	for i := start; i < end; i++ {
		r := log[i]
		if !wanted[r.Type] {
			continue
		}
		key := ""
		if self.Key != "" {
			key = r.payload.Dir
		}
		if _, known := groups[key]; !known {
			groups[key] = len(b.Groups)
			b.Groups = append(b.Groups, newGroup(self.Key != "", key, states))
		}
		g := &b.Groups[groups[key]]
		e := framejson.Event{Position: uint64(i + 1), ID: r.ID, Type: r.Type, AggregateType: r.Aggregate.Type, Data: framejson.Text(r.Data)}
		for _, f := range self.Fields {
			e.Slots = append(e.Slots, slot(f.Path, r.payload))
		}
		g.Events = append(g.Events, e)
	}
	return b
}

func newGroup(keyed bool, key string, states map[string]string) (g framejson.Group) {
	if !keyed {
		return g
	}
	text := framejson.Text(key)
	g.Key = &text
	if state, ok := states[key]; ok {
		prior := framejson.Text(state)
		g.State = &prior
	}
	return g
}

func slot(path string, p payload) framejson.Slot {
	switch path {
	case "author":
		return framejson.Slot{Kind: "string", Value: framejson.Text(p.Author)}
	case "additions":
		return framejson.Slot{Kind: "i64", Value: fmt.Append(nil, p.Additions)}
	}
	return framejson.Slot{Kind: "i64", Value: fmt.Append(nil, p.Deletions)}
}
