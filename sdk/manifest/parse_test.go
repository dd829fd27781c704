package manifest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const full = `{"abi":1,"name":"lines_by_dir","version":"1.2.0","state":"keyed","key":"dir",
"events":["file_added","file_deleted"],"fields":[{"path":"additions","type":"i64"},{"path":"author.id","type":"uuid"}],"sdk":"refold-c"}`

func TestParse(t *testing.T) {
	tests := []struct {
		name, text string
		want       Manifest
	}{
		{"smallest", `{"abi":1,"name":"x","state":"stateless"}`, Manifest{ABI: 1, Name: "x", State: Stateless}},
		{"keyed by aggregate", `{"abi":1,"name":"x","state":"keyed"}`, Manifest{ABI: 1, Name: "x", State: Keyed}},
		{"full", full, Manifest{
			ABI: 1, Name: "lines_by_dir", Version: "1.2.0", State: Keyed, Key: "dir", SDK: "refold-c",
			Events: []string{"file_added", "file_deleted"},
			Fields: []Field{{"additions", I64}, {"author.id", UUID}},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	with := func(rest string) string { return `{"abi":1,"name":"x","state":"resident"` + rest + `}` }
	tests := []struct{ name, text, want string }{
		{"nothing", ``, "EOF"},
		{"an array", `[]`, "array"},
		{"a second object", `{"abi":1,"name":"x","state":"resident"} {}`, "more follows"},
		{"an unknown key", with(`,"kind":"projection"`), "kind"},
		{"an unknown key of a field", with(`,"fields":[{"path":"a","type":"i64","default":0}]`), "default"},
		{"no abi", `{"name":"x","state":"resident"}`, "abi is 0"},
		{"a newer abi", `{"abi":2,"name":"x","state":"resident"}`, "abi is 2"},
		{"no name", `{"abi":1,"state":"resident"}`, "name"},
		{"a long name", `{"abi":1,"state":"resident","name":"` + strings.Repeat("n", 129) + `"}`, "name"},
		{"an unknown state", `{"abi":1,"name":"x","state":"global"}`, `"global"`},
		{"a key without keyed state", with(`,"key":"dir"`), `"dir"`},
		{"a key that is no path", `{"abi":1,"name":"x","state":"keyed","key":"a..b"}`, "path"},
		{"an empty event type", with(`,"events":[""]`), "event type"},
		{"an event type twice", with(`,"events":["a","b","a"]`), `"a"`},
		{"an event type that no event can have", with(`,"events":["OrderPlaced"]`), `"OrderPlaced" must be snake_case`},
		{"an empty path", with(`,"fields":[{"path":"","type":"i64"}]`), "path"},
		{"a path with an empty name", with(`,"fields":[{"path":"a.","type":"i64"}]`), "path"},
		{"a field twice", with(`,"fields":[{"path":"a","type":"i64"},{"path":"a","type":"f64"}]`), "twice"},
		{"an unknown type", with(`,"fields":[{"path":"a","type":"int"}]`), `"int"`},
		{"bytes that are not UTF-8", with(`,"sdk":"` + "\xff" + `"`), "UTF-8"},
		{"too many fields", with(`,"fields":[` + manyFields(MaxFields+1) + `]`), "1025 fields"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := Parse([]byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error is %v, want it to say %q", err, tt.want)
			}
			if diff := cmp.Diff(Manifest{}, m); diff != "" {
				t.Errorf("a refused manifest is returned: %s", diff)
			}
		})
	}
}

func manyFields(n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`{"path":"f%d","type":"i64"}`, i))
	}
	return strings.Join(list, ",")
}

// FuzzParse holds that what is accepted is valid and survives its own JSON.
func FuzzParse(f *testing.F) {
	f.Add(full)
	f.Add(`{"abi":1,"name":"x","state":"stateless","events":["a"]}`)
	f.Add(`{"abi":1,"name":"x","state":"keyed","fields":[{"path":"a","type":"time"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Parse([]byte(text))
		if err != nil {
			return
		}
		again, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Parse(again)
		if err != nil {
			t.Fatalf("%s is refused once it was accepted as %q: %v", again, text, err)
		}
		if m.Name != back.Name || m.State != back.State || len(m.Events) != len(back.Events) || len(m.Fields) != len(back.Fields) {
			t.Fatalf("%+v came back as %+v", m, back)
		}
	})
}
