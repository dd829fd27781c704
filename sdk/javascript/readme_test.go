package javascript_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var block = regexp.MustCompile("(?s)```js\n(.*?)```")

// TestReadme loads each script that the documents show, and folds an event of
// each kind with it.
func TestReadme(t *testing.T) {
	for file, want := range map[string][][]string{
		"README.md": {{
			`1 lines_by_dir  {"dir":"docs","additions":5,"deletions":1}`, `1 lines_by_dir  {"dir":"docs","additions":10,"deletions":2}`,
		}},
		"../../README.md": {nil},
		"../../docs/JAVASCRIPT.md": {{
			`1 customers  {"customer":"ada","orders":1,"total":9}`, `1 customers  {"customer":"ada","orders":2,"total":18}`,
		}},
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		scripts := block.FindAllStringSubmatch(string(text), -1)
		if len(scripts) != len(want) {
			t.Fatalf("%s shows %d scripts, want %d", file, len(scripts), len(want))
		}
		for i, script := range scripts {
			p := load(t, script[1])
			for _, name := range []string{"file_added", "order_placed", "file_deleted", "order_placed"} {
				p.must(p.wanted([]occurrence{{Type: name, Category: "order", Data: `{"dir":"docs","additions":5,"deletions":1,"customer":"ada","total":9}`}})...)
			}
			if diff := cmp.Diff(want[i], p.effects); diff != "" {
				t.Errorf("script %d of %s:\n%s", i+1, file, diff)
			}
		}
	}
}
