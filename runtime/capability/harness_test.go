package capability

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/framejson"
)

// caller is an executor, as its host sees it.
type caller struct {
	*testing.T
	*Calls
	effect int
}

// open opens grants for an executor that performs the first of three effects.
func open(t *testing.T, g Grants) *caller {
	t.Helper()
	calls, err := Open(g)
	if err != nil {
		t.Fatal(err)
	}
	c := &caller{T: t, Calls: calls}
	t.Cleanup(func() {
		for range 2 {
			if err := calls.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	c.begin()
	return c
}

// begin begins a batch of three effects, whose ids end with 1, 2 and 3.
func (c *caller) begin() {
	c.Helper()
	b := framejson.EffectBatch{}
	for n := range 3 {
		b.Effects = append(b.Effects, framejson.BatchedEffect{Kind: "log", ID: [16]byte{15: byte(n + 1)}})
	}
	text, err := b.Frame()
	if err != nil {
		c.Fatal(err)
	}
	effects, err := frame.OpenEffectBatch(text)
	if err != nil {
		c.Fatal(err)
	}
	c.Begin(effects)
	c.effect = 0
}

// answer is what a call is answered.
type answer struct {
	code   code
	text   string
	values []frame.Slot
}

func (c *caller) call(function string, values ...frame.Slot) answer {
	c.Helper()
	return c.raw(function, frame.AppendMessage(nil, values...))
}

func (c *caller) raw(function string, request []byte) answer {
	c.Helper()
	b := c.Call(c.Context(), runtime.Call{Function: function, Effect: c.effect, Request: request})
	m, err := frame.OpenMessage(b)
	if err != nil {
		c.Fatal(err)
	}
	n, isNumber := m.Value(0).Int64()
	text, isText := m.Value(1).Bytes()
	if !isNumber || !isText || code(n) == ok && len(text) > 0 || code(n) != ok && (len(text) == 0 || m.Count() != 2) {
		c.Fatalf("the answer is %v", framejson.OfMessage(m))
	}
	a := answer{code: code(n), text: string(text)}
	for i := 2; i < m.Count(); i++ {
		a.values = append(a.values, m.Value(i))
	}
	return a
}

// want is the values of an answer that must be of code 0.
func (c *caller) want(a answer) []frame.Slot {
	c.Helper()
	if a.code != ok {
		c.Fatalf("code %d: %s", a.code, a.text)
	}
	return a.values
}

// refuse wants an answer with a code and a text that says so.
func (c *caller) refuse(a answer, want code, says string) {
	c.Helper()
	if a.code != want || !strings.Contains(a.text, says) {
		c.Errorf("code %d: %s; want %d and %q", a.code, a.text, want, says)
	}
}

// described are values as text.
func described(values []frame.Slot) string {
	var list []string
	for _, v := range values {
		s := framejson.OfSlot(v)
		list = append(list, s.Kind+":"+string(s.Value))
	}
	return strings.Join(list, " ")
}

func bytesOf(v frame.Slot) string {
	b, _ := v.Bytes()
	return string(b)
}

// file writes a file of a test.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// frame0 is the i64 0.
var frame0 = frame.IntSlot(0)
