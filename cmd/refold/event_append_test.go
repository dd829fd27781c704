package main

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzEachObject: what is read is a sequence of JSON values at the offsets that
// are told, or an error within the text.
func FuzzEachObject(f *testing.F) {
	for _, text := range []string{"", `{}`, "{}\n{}", `[{"a":1}, {}]`, `[`, `[{}`, `{} ]`, ` [ ] {}`, `[1,]`, "{\n", `{"a":[}`, `[] []`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		last := int64(-1)
		at, err := eachObject(content, func(at int64, object []byte) error {
			if at <= last || !bytes.HasPrefix(content[at:], object) || !json.Valid(object) {
				t.Fatalf("%q at %d, after one at %d", object, at, last)
			}
			last = at
			return nil
		})
		if err != nil && (at < 0 || at > int64(len(content)) || lineOf(content, at) < 1) {
			t.Fatalf("%v at %d of %d", err, at, len(content))
		}
	})
}
