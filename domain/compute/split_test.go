package compute

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzSplitFields: an object is split into what the decoder finds in it, and
// refused with the same words.
func FuzzSplitFields(f *testing.F) {
	for _, text := range []string{
		`{}`, ` { } `, `{"a":1}`, "\n{ \"a\" : [ 1 , \"]\" , {\"b\":\"}\\\"\"} ] ,\t\"c\":null\r}", `{"a":"\\","b":"\\\\"}`,
		`{"\u0061":1,"a":2}`, `{"a":1,"a":2}`, `{"é":-1.5e+3,"\ud800":true}`, "{\"a\xff\":1}", `{"a":{"a":[[]]},"b":false}`,
		``, `{`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1}x`, `{"a":1}{}`, `[]`, `"a"`, `null`, `7`, ` `, `{"a":01}`, `{"a":1 "b":2}`, `{a:1}`, `{:`, `{:1}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var want object
		wantErr := want.decodeFields(data)
		got, gotErr := parseObject(data)
		if fast := (&object{}); fast.splitFields(data) && wantErr != nil {
			t.Fatalf("taken for an object: %v", wantErr)
		}
		if (wantErr == nil) != (gotErr == nil) || wantErr != nil && wantErr.Error() != gotErr.Error() {
			t.Fatalf("error %v, want %v", gotErr, wantErr)
		}
		if wantErr != nil {
			return
		}
		if diff := cmp.Diff(want.fields, got.fields, cmp.AllowUnexported(field{})); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
