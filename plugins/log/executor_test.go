package log_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/executortest"
	"github.com/refold-dev/refold/plugins/log"
)

func TestConformance(t *testing.T) {
	executortest.Run(t, executortest.Suite{
		New: func(t *testing.T) executortest.Store {
			var out bytes.Buffer
			return executortest.Store{
				Open: func(string, uint64) (engine.Executor, error) {
					return log.New(slog.New(slog.NewJSONHandler(&out, nil))), nil
				},
				Effect: func(mark string) effect.Effect { return line(effect.Info, mark) },
				Performed: func(t *testing.T) (marks []string) {
					for _, r := range records(t, bytes.NewReader(out.Bytes())) {
						marks = append(marks, r.Msg)
					}
					return marks
				},
			}
		},
	})
}

// record is a line of the JSON handler without its time.
type record struct {
	Level    string `json:"level"`
	Msg      string `json:"msg"`
	Pipeline string `json:"pipeline"`
	Position uint64 `json:"position"`
}

func logged(t *testing.T, level slog.Level, effects ...effect.Effect) []record {
	t.Helper()
	var out bytes.Buffer
	e := log.New(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: level})))
	batch := effect.Batch{Pipeline: "stock", Generation: 1, Through: 9, Effects: effects}
	if err := e.Execute(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	return records(t, &out)
}

// records reads what the JSON handler has written.
func records(t *testing.T, out io.Reader) (list []record) {
	t.Helper()
	for d := json.NewDecoder(out); d.More(); {
		var r record
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

func line(level effect.Level, text string) effect.Effect {
	return effect.Effect{Kind: effect.Log, Cause: 9, Level: level, Body: json.RawMessage(text)}
}

func TestRecordsInOrderWithTheirAttributes(t *testing.T) {
	got := logged(t, slog.LevelInfo,
		line(effect.Warn, "low stock"),
		effect.Effect{Kind: effect.Insert, Cause: 9, Body: json.RawMessage(`{}`)},
		line(effect.Debug, "not of interest"),
		line(effect.Info, "sold"),
		line(effect.Level(77), "from a newer guest"),
	)
	want := []record{
		{"WARN", "low stock", "stock", 9},
		{"INFO", "sold", "stock", 9},
		{"ERROR", "from a newer guest", "stock", 9},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMessagesAreHarmless(t *testing.T) {
	long := strings.Repeat("é", log.MaxMessage)
	for _, c := range []struct{ name, text, want string }{
		{"plain", "Grüße, 世界", "Grüße, 世界"},
		{"quotes stay", `it's "here"`, `it's "here"`},
		{"new line", "a\nlevel=ERROR msg=forged", `a\nlevel=ERROR msg=forged`},
		{"terminal escape", "\x1b[2Jgone", `\x1b[2Jgone`},
		{"text direction", "abc\u202egnp.exe", `abc\u202egnp.exe`},
		{"not UTF-8", "a\xffb", `a\xffb`},
		{"zero byte", "a\x00b", `a\x00b`},
		{"too long", long, long[:log.MaxMessage] + " … (4096 bytes more)"},
		{"cut between characters", "x" + long, "x" + long[:log.MaxMessage-2] + " … (4098 bytes more)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := logged(t, slog.LevelInfo, line(effect.Info, c.text))
			if diff := cmp.Diff([]record{{"INFO", c.want, "stock", 9}}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	e := log.New(slog.New(slog.NewTextHandler(&out, nil)))
	err := e.Execute(ctx, effect.Batch{Through: 9, Effects: []effect.Effect{line(effect.Info, "late")}})
	if !errors.Is(err, context.Canceled) || out.Len() > 0 {
		t.Errorf("got error %v and output %q, want context.Canceled and none", err, &out)
	}
}
