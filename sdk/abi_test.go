package sdk_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/sdk/framejson"
)

var hexBlock = regexp.MustCompile("(?s)```hex (\\S+)\n(.*?)```")

// TestWorkedExample compares the hex in ABI.md with what the codec writes.
func TestWorkedExample(t *testing.T) {
	text, err := os.ReadFile("ABI.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := hexBlock.FindAllStringSubmatch(string(text), -1)
	if len(blocks) != 7 {
		t.Fatalf("ABI.md has %d blocks of hex, want 7", len(blocks))
	}
	for _, block := range blocks {
		v := load(t, block[1])
		if diff := cmp.Diff(encode(t, v.said()), readDump(t, block[2])); diff != "" {
			t.Errorf("%s:\n%s", block[1], diff)
		}
	}
}

// said is what the vector's frame says.
func (v *vector) said() interface{ Frame() ([]byte, error) } {
	switch {
	case v.Batch != nil:
		return *v.Batch
	case v.Result != nil:
		return *v.Result
	case v.Effects != nil:
		return *v.Effects
	case v.Outcome != nil:
		return *v.Outcome
	}
	return *v.Message
}

// readDump returns the hex digits of lines "offset  bytes  ; comment".
func readDump(t *testing.T, dump string) (digits string) {
	t.Helper()
	for line := range strings.Lines(dump) {
		code, _, _ := strings.Cut(line, ";")
		words := strings.Fields(code)
		if want := fmt.Sprintf("%04x", len(digits)/2); len(words) == 0 || words[0] != want {
			t.Fatalf("line %q, want one at offset %s", line, want)
		}
		digits += strings.Join(words[1:], "")
	}
	if _, err := hex.DecodeString(digits); err != nil {
		t.Fatal(err)
	}
	return digits
}

// TestWorkedExampleSays holds the prose around the hex.
func TestWorkedExampleSays(t *testing.T) {
	batch, result := load(t, "batch/worked_example.json"), load(t, "result/worked_example.json")
	g := batch.Batch.Groups[0]
	row := framejson.Text(`{"dir":"docs","n":8}`)
	if string(*g.Key) != "docs" || string(*g.State) != `{"n":3}` || string(g.Events[0].Data) != `{"dir":"docs","additions":5}` {
		t.Errorf("the batch says %+v", g)
	}
	effects, request := load(t, "effects/worked_example.json"), load(t, "message/worked_example_request.json")
	if e := effects.Effects.Effects[0]; e.ID != effect.ID("stock", 1, 7, 0) || string(e.Body) != string((*request.Message)[2].Value) {
		t.Errorf("the effect is %+v, the request %v", e, request.Message)
	}
	if string(*result.Result.Groups[0].State) != `{"n":8}` || !cmp.Equal(result.Result.Effects[0].Body, row) {
		t.Errorf("the result says %+v", result.Result)
	}
}
