package rows

import (
	"strings"
	"testing"

	"github.com/refold-dev/refold/domain/effect"
)

var dollars1 = Syntax{Number: "$", Dollars: true}

func TestAskNumbersParameters(t *testing.T) {
	for _, c := range []struct{ text, body, want string }{
		{"SELECT :b, :a, :b", `{"a":1,"b":2}`, "SELECT $1, $2, $1"},
		{"SELECT $2, $1", `["x","y"]`, "SELECT $1, $2"},
		{"SELECT a::int, x[1: 2] ; ", "", "SELECT a::int, x[1: 2]"},
		{"SELECT ':a' /* ; :a */", "", "SELECT ':a' /* ; :a */"},
		{"SELECT $tag$ :a ; $tag$", "", "SELECT $tag$ :a ; $tag$"},
		{"SELECT 'it''s :a'", "", "SELECT 'it''s :a'"},
	} {
		got, err := Ask(&effect.Effect{Name: c.text, Body: []byte(c.body)}, &dollars1)
		if err != nil || got.Text != c.want {
			t.Errorf("%s: got %q, %v, want %q", c.text, got.Text, err, c.want)
		}
	}
}

// FuzzAsk holds that what is asked has numbers for all its parameters, is no several
// statements, and condemns itself otherwise.
func FuzzAsk(f *testing.F) {
	f.Add("SELECT :a, 'x' FROM t -- ;", `{"a":1}`)
	f.Add("SELECT $1 /* /* */", `["x"]`)
	f.Add("SELECT E'\\' ; $a$", `null`)
	f.Fuzz(func(t *testing.T, text, body string) {
		for _, s := range []*Syntax{&dollars1, {Number: "?", Brackets: true, Backticks: true}} {
			q, err := Ask(&effect.Effect{Cause: 3, Ordinal: 4, Name: text, Body: []byte(body)}, s)
			if err != nil {
				row, ok := err.(*RowError)
				if !ok || row.Position != 3 || row.Ordinal != 4 {
					t.Fatalf("%q: %v", text, err)
				}
				continue
			}
			if q.Text == "" || strings.IndexByte(q.Text, 0) >= 0 {
				t.Fatalf("%q was taken as %q", text, q.Text)
			}
			if len(q.Parameters) == 0 && q.Text != strings.TrimRight(text, " \t\r\n;") {
				t.Errorf("%q without parameters has become %q", text, q.Text)
			}
		}
	})
}
