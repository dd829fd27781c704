package child

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func logTo(b *bytes.Buffer) *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// TestSecretsDoNotShow: however a process cuts what it writes into pieces and lines,
// no value that it was given is logged, or told as its last words.
func TestSecretsDoNotShow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secrets := map[string]string{}
		for n := range rapid.IntRange(1, 3).Draw(t, "secrets") {
			secrets[string(rune('A'+n))] = rapid.StringMatching(`[s-v]{4,8}`).Draw(t, "secret")
		}
		var text strings.Builder
		for range rapid.IntRange(1, 20).Draw(t, "words") {
			text.WriteString(rapid.SampledFrom([]string{"word ", "\n", "warn ", "panic: ", secrets["A"], secrets["A"] + " ", strings.Repeat("x", maxLine-2)}).Draw(t, "word"))
		}
		var log bytes.Buffer
		o := newOutput(logTo(&log), secrets)
		for rest := []byte(text.String()); len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			if _, err := o.streams0().Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		o.flush()
		for name, value := range secrets {
			if strings.Contains(log.String(), value) || strings.Contains(o.last(), value) {
				t.Fatalf("%s shows in\n%s", name, log.String())
			}
		}
	})
}

// streams0 is the output's one stream.
func (o *output) streams0() *stream {
	if len(o.streams) == 0 {
		o.stream()
	}
	return o.streams[0]
}

func TestLastWords(t *testing.T) {
	for _, tt := range []struct{ said, want string }{
		{"one\ntwo\n", "two"},
		{"panic: why\n\ngoroutine 1:\nmain.go\n", "panic: why"},
		{"Traceback\n  line 3\nValueError: why\n", "ValueError: why"},
		{"throw x\n  ^\n\nError: why\n    at f\n\nNode.js v20\n", "Error: why"},
		{"my.mod.SomeException: why\n  at x\n", "my.mod.SomeException: why"},
		{"", ""},
		{"no end", "no end"},
	} {
		o := newOutput(slog.New(slog.DiscardHandler), nil)
		if _, err := o.stream().Write([]byte(tt.said)); err != nil {
			t.Fatal(err)
		}
		o.flush()
		if got := o.last(); got != tt.want {
			t.Errorf("of %q it has said last %q, want %q", tt.said, got, tt.want)
		}
	}
}

func TestLevels(t *testing.T) {
	var log bytes.Buffer
	o := newOutput(logTo(&log), nil)
	if _, err := o.stream().Write([]byte("warn one\nerror two\nwarning three\nfour\n")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"level=WARN msg=one", "level=ERROR msg=two", `level=INFO msg="warning three"`, "level=INFO msg=four"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %s:\n%s", want, log.String())
		}
	}
}
