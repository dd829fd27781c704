package manifest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const chat = `{"abi":1,"name":"chat","version":"1.2.0","kinds":["log","insert"],"wants":[` +
	`{"capability":"http","reason":"posts messages"},{"capability":"secrets","name":"token","reason":"authorizes them"}],"sdk":"refold-go"}`

func TestParseExecutor(t *testing.T) {
	tests := []struct {
		name, text string
		want       Executor
	}{
		{"smallest", `{"abi":1,"name":"x","kinds":["query"]}`, Executor{ABI: 1, Name: "x", Kinds: []string{"query"}}},
		{"full", chat, Executor{
			ABI: 1, Name: "chat", Version: "1.2.0", Kinds: []string{"log", "insert"}, SDK: "refold-go",
			Wants: []Want{{Capability: HTTP, Reason: "posts messages"}, {Secrets, "token", "authorizes them"}},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseExecutor([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseExecutorRefuses(t *testing.T) {
	with := func(rest string) string { return `{"abi":1,"name":"x","kinds":["log"]` + rest + `}` }
	want := func(fields string) string { return with(`,"wants":[{` + fields + `}]`) }
	many := strings.Repeat(`{"capability":"http","reason":"r"},`, MaxWants) + `{"capability":"sql","reason":"r"}`
	tests := []struct{ name, text, want string }{
		{"a projection's manifest", `{"abi":1,"name":"x","state":"stateless"}`, "state"},
		{"no abi", `{"name":"x","kinds":["log"]}`, "abi is 0"},
		{"no name", `{"abi":1,"kinds":["log"]}`, "name"},
		{"no kinds", `{"abi":1,"name":"x"}`, "kinds is empty"},
		{"an unknown kind", `{"abi":1,"name":"x","kinds":["upsert"]}`, `"upsert"`},
		{"a kind twice", `{"abi":1,"name":"x","kinds":["log","insert","log"]}`, `"log"`},
		{"an unknown capability", want(`"capability":"files","reason":"r"`), `"files"`},
		{"no reason", want(`"capability":"http","name":"a.example"`), "reason for http a.example"},
		{"a long reason", want(`"capability":"http","reason":"` + strings.Repeat("r", 257) + `"`), "reason"},
		{"a long name", want(`"capability":"sql","reason":"r","name":"` + strings.Repeat("n", 257) + `"`), "under sql"},
		{"a want twice", with(`,"wants":[{"capability":"sql","name":"a","reason":"r"},{"capability":"sql","name":"a","reason":"s"}]`), "wanted twice"},
		{"an unknown key of a want", want(`"capability":"http","reason":"r","host":"a"`), "host"},
		{"too many", with(`,"wants":[` + many + `]`), "65 wants"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := ParseExecutor([]byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error is %v, want it to say %q", err, tt.want)
			}
			if diff := cmp.Diff(Executor{}, m); diff != "" {
				t.Errorf("a refused manifest is returned: %s", diff)
			}
		})
	}
}

// FuzzParseExecutor holds that what is accepted is valid and survives its own JSON.
func FuzzParseExecutor(f *testing.F) {
	f.Add(chat)
	f.Add(`{"abi":1,"name":"x","kinds":["query"]}`)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ParseExecutor([]byte(text))
		if err != nil {
			return
		}
		again, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseExecutor(again)
		if err != nil {
			t.Fatalf("%s is refused once it was accepted as %q: %v", again, text, err)
		}
		if m.Name != back.Name || !cmp.Equal(m.Kinds, back.Kinds) || len(m.Wants) != len(back.Wants) {
			t.Fatalf("%+v came back as %+v", m, back)
		}
	})
}
