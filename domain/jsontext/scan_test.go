package jsontext_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/refold-dev/refold/domain/jsontext"
)

// FuzzScan holds that Scan accepts what encoding/json accepts.
func FuzzScan(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e-3,"x\u00e9\\"],"b":{}}`, `[ ]`, `-0`, `01`, `"\x"`, "\"\x10\"", `{"a" : nul}`, `[1,]`, `{"a":1,}`, `"\u0010`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, s []byte) {
		trimmed := bytes.Trim(s, " \t\r\n")
		depth := bytes.Count(trimmed, []byte("[")) + bytes.Count(trimmed, []byte("{"))
		if n := jsontext.Scan(trimmed); (n > 0 && n == len(trimmed)) != json.Valid(trimmed) && depth < jsontext.MaxDepth {
			t.Fatalf("scanned %d of %d bytes of %q, valid: %v", n, len(trimmed), trimmed, json.Valid(trimmed))
		}
	})
}

func BenchmarkScan(b *testing.B) {
	s := []byte(`{"from":"provisioning","to":"active","region":"eu-central-1","cpus":8,"memory_mib":32768,"tags":["a","b","c"],"note":"what an event of middling size says"}`)
	b.Run("scan", func(b *testing.B) {
		for b.Loop() {
			jsontext.Scan(s)
		}
	})
	b.Run("encoding_json", func(b *testing.B) {
		for b.Loop() {
			json.Valid(s)
		}
	})
}
