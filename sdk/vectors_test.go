package sdk_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/framejson"
)

// No other package has this flag: go test ./sdk -update.
var update = flag.Bool("update", false, "rewrite the frames of the golden vectors from their descriptions")

// vector is a golden vector; testdata/README.md says what its parts are.
type vector struct {
	Description string                 `json:"description"`
	Of          string                 `json:"of,omitempty"`
	Batch       *framejson.Batch       `json:"batch,omitempty"`
	Result      *framejson.Result      `json:"result,omitempty"`
	Effects     *framejson.EffectBatch `json:"effects,omitempty"`
	Calls       []call                 `json:"calls,omitempty"`
	Log         []string               `json:"log,omitempty"`
	Outcome     *framejson.Outcome     `json:"outcome,omitempty"`
	Message     *framejson.Message     `json:"message,omitempty"`
	Pokes       []poke                 `json:"pokes,omitempty"`
	Cut         int                    `json:"cut,omitempty"`
	Error       string                 `json:"error,omitempty"`
	Frame       string                 `json:"frame"`
}

// call is a call of the host that an executor makes.
type call struct {
	Function string            `json:"function"`
	Effect   int               `json:"effect"`
	Request  framejson.Message `json:"request"`
	Answer   framejson.Message `json:"answer"`
}

// poke is a u32 written over a valid frame.
type poke struct {
	At  int    `json:"at"`
	U32 uint32 `json:"u32"`
}

func TestBatchVectors(t *testing.T) {
	forEach(t, "batch", func(t *testing.T, v *vector) {
		v.Frame = encode(t, *v.Batch)
		got := framejson.OfBatch(v.openBatch(t))
		if *update {
			*v.Batch = got
		}
		if diff := cmp.Diff(*v.Batch, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestResultVectors(t *testing.T) {
	forEach(t, "result", func(t *testing.T, v *vector) {
		batch := load(t, v.Of)
		v.Frame = encode(t, *v.Result)
		r, err := frame.OpenResult(v.bytes(t), batch.openBatch(t))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(*v.Result, framejson.OfResult(r)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestEffectVectors(t *testing.T) { forEach(t, "effects", testEffects) }

// testEffects holds a batch of effects, also in the vectors of executors.
func testEffects(t *testing.T, v *vector) {
	v.Frame = encode(t, *v.Effects)
	b, err := frame.OpenEffectBatch(v.bytes(t))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*v.Effects, framejson.OfEffectBatch(b)); diff != "" {
		t.Error(diff)
	}
}

func TestOutcomeVectors(t *testing.T) {
	forEach(t, "outcome", func(t *testing.T, v *vector) {
		effects := load(t, v.Of)
		v.Frame = encode(t, *v.Outcome)
		o, err := frame.OpenOutcome(v.bytes(t), len(effects.Effects.Effects))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(*v.Outcome, framejson.OfOutcome(o)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestMessageVectors(t *testing.T) {
	forEach(t, "message", func(t *testing.T, v *vector) {
		v.Frame = encode(t, *v.Message)
		m, err := frame.OpenMessage(v.bytes(t))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(*v.Message, framejson.OfMessage(m)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestInvalidVectors(t *testing.T) {
	forEach(t, "invalid", func(t *testing.T, v *vector) {
		base := load(t, v.Of)
		b := base.bytes(t)
		for _, p := range v.Pokes {
			binary.LittleEndian.PutUint32(b[p.At:], p.U32)
		}
		b = b[:len(b)-v.Cut]
		v.Frame = hex.EncodeToString(b)
		err := v.refused(t, &base)
		if err == nil {
			t.Fatal("the frame is accepted")
		}
		if *update {
			v.Error = err.Error()
		}
		if err.Error() != v.Error {
			t.Errorf("error is %q, want %q", err, v.Error)
		}
	})
}

// refused opens the frame as what its base is.
func (v *vector) refused(t *testing.T, base *vector) (err error) {
	t.Helper()
	switch {
	case base.Batch != nil:
		_, err = frame.OpenBatch(v.bytes(t))
	case base.Result != nil:
		batch := load(t, base.Of)
		_, err = frame.OpenResult(v.bytes(t), batch.openBatch(t))
	case base.Effects != nil:
		_, err = frame.OpenEffectBatch(v.bytes(t))
	case base.Outcome != nil:
		effects := load(t, base.Of)
		_, err = frame.OpenOutcome(v.bytes(t), len(effects.Effects.Effects))
	default:
		_, err = frame.OpenMessage(v.bytes(t))
	}
	return err
}

// TestExecutorVectors holds that what a kit's executor is tested with are frames.
func TestExecutorVectors(t *testing.T) {
	forEach(t, "executor", func(t *testing.T, v *vector) {
		testEffects(t, v)
		if _, err := frame.OpenOutcome(unhex(t, encode(t, *v.Outcome)), len(v.Effects.Effects)); err != nil {
			t.Error(err)
		}
		for _, c := range v.Calls {
			for _, m := range []framejson.Message{c.Request, c.Answer} {
				if _, err := frame.OpenMessage(unhex(t, encode(t, m))); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

func TestMirrorVectors(t *testing.T) {
	forEach(t, "mirror", func(t *testing.T, v *vector) {
		v.Frame = encode(t, *v.Batch)
		*v.Batch = framejson.OfBatch(v.openBatch(t))
		got := mirror(*v.Batch)
		if *update {
			v.Result = &got
		}
		if diff := cmp.Diff(*v.Result, got); diff != "" {
			t.Error(diff)
		}
	})
}

// forEach runs check on each vector of a folder. check fills in what follows
// from the vector's description; then the file must equal it.
func forEach(t *testing.T, folder string, check func(*testing.T, *vector)) {
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d vectors, error %v", len(files), err)
	}
	for _, file := range files {
		name, _ := filepath.Rel("testdata", file)
		t.Run(filepath.Base(file), func(t *testing.T) {
			v := load(t, filepath.ToSlash(name))
			check(t, &v)
			keep(t, file, &v)
		})
	}
}

func keep(t *testing.T, file string, v *vector) {
	t.Helper()
	var want bytes.Buffer
	enc := json.NewEncoder(&want)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("the file is not what its description gives; go test ./sdk -update rewrites it:\n%s", cmp.Diff(string(got), want.String()))
	}
}

func load(t *testing.T, name string) vector {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	var v vector
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

func (v *vector) bytes(t *testing.T) []byte {
	t.Helper()
	return unhex(t, v.Frame)
}

func unhex(t *testing.T, digits string) []byte {
	t.Helper()
	b, err := hex.DecodeString(digits)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (v *vector) openBatch(t *testing.T) frame.Batch {
	t.Helper()
	b, err := frame.OpenBatch(v.bytes(t))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func encode(t *testing.T, said interface{ Frame() ([]byte, error) }) string {
	t.Helper()
	b, err := said.Frame()
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(b)
}
