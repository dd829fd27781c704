package config_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/engine/config"
)

// withText is a configuration with a text in several places.
func withText(text string) []byte {
	return []byte(strings.ReplaceAll(`
store: {stream: TEXT}
pipelines:
  - name: TEXT
    projection: {wasm: /m.wasm, workers: 1}
    executors:
      - http: {url: https://localhost, headers: {a: TEXT}}
      - wasm: {module: /m.wasm, config: [TEXT]}
`, "TEXT", strconv.QuoteToASCII(text)))
}

// texts are what withText has made of it.
func texts(t rapid.TB, c config.Config, errs config.Errors) []string {
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	p := c.Pipelines[0]
	var list []string
	if err := json.Unmarshal(p.Executors[1].WASM.Config, &list); err != nil {
		t.Fatal(err)
	}
	return append(list, c.Store.Stream, p.Name, p.Executors[0].HTTP.Headers[0].Value.Text)
}

// Whatever is in a variable comes out as it is, and is not looked into again; whatever
// a text is, with its dollars doubled it comes out as it is.
func TestVariablesAreText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		alphabet := rapid.RuneFrom([]rune("${}:-?#\"'\\ [],&*!|>%@`aZ0_\né\u2028"))
		text := rapid.OneOf(rapid.StringOf(alphabet), rapid.String()).Filter(func(s string) bool { return !strings.ContainsRune(s, 0) }).Draw(t, "text")
		env := func(name string) (string, bool) { return text, name == "V" }
		wanted := map[string]string{"${V}": text, "a${V}b${V:-c}": "a" + text + "b" + text, "${NONE:-x}$${V}": "x${V}"}
		if text == "" {
			wanted["a${V}b${V:-c}"] = "abc"
		}
		wanted[strings.ReplaceAll(text, "$", "$$")] = text
		for written, want := range wanted {
			c, errs := config.Parse("in.yaml", withText(written), env)
			for i, got := range texts(t, c, errs) {
				if got != want {
					t.Fatalf("%q has become %q in place %d, want %q", written, got, i, want)
				}
			}
		}
	})
}

// FuzzExpand: a value with variables is a text or a mistake in its place, never more
// YAML, and no mistake tells what is in a variable.
func FuzzExpand(f *testing.F) {
	for _, seed := range []string{"${A}", "${A:-b}", "${B:-${A}}", "${B:?say}", "$$", "${", "${A-b}", "$A", "x${B:-}y", "${N}", "${B:-${", "a: ${A}\n#"} {
		f.Add(seed)
	}
	const secret = "s3cret of the environment"
	env := func(name string) (string, bool) {
		return map[string]string{"A": secret, "N": "3", "E": ""}[name], name == "A" || name == "N" || name == "E"
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, secret) {
			return
		}
		file := withText(text)
		file = append(file, []byte("    generations: {keep: "+strconv.QuoteToASCII(text)+", for: "+strconv.QuoteToASCII(text)+"}\n    on_error: "+strconv.QuoteToASCII(text)+"\n")...)
		c, errs := config.Parse("in.yaml", file, env)
		if len(c.Pipelines) != 1 || len(c.Pipelines[0].Executors) != 2 || len(errs) > 8 {
			t.Fatalf("%q has become %+v, %v", text, c, errs)
		}
		for _, e := range errs {
			if strings.Contains(e.Error(), secret) || !within(file, e.Pos) {
				t.Errorf("a mistake at %s: %q", e.Pos, e.Message)
			}
		}
	})
}

// A variable that holds what YAML cannot is told by its name.
func TestVariableThatIsNoText(t *testing.T) {
	for _, value := range []string{"a\x00b", "\xff"} {
		_, errs := config.Parse("in.yaml", []byte("store: {stream: \"${V:-a}\"}"), func(string) (string, bool) { return value, true })
		if len(errs) != 1 || errs[0].Column != 17 || !strings.Contains(errs[0].Message, "variable V is no text") {
			t.Errorf("with %q: %v", value, errs)
		}
	}
}

// Variables cannot make a file fill the memory.
func TestVariablesAreBounded(t *testing.T) {
	large := strings.Repeat("x", 1<<20)
	text := "store: {stream: \"" + strings.Repeat("${V}", 10_000) + "\"}"
	_, errs := config.Parse("in.yaml", []byte(text), func(string) (string, bool) { return large, true })
	if len(errs) != 1 || !strings.Contains(errs[0].Message, "more than") {
		t.Errorf("%.200v", errs)
	}
}
