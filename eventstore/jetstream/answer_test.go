package jetstream

import (
	"encoding/json"
	"testing"
)

// TestParseStoredReadsNothingElse holds the short way of reading an answer
// against the long one.
func TestParseStoredReadsNothingElse(t *testing.T) {
	for body, short := range map[string]bool{
		`{"stream":"INFRASTRUCTURE_EVENTS","seq":17}`:                  true,
		`{"stream":"INFRASTRUCTURE_EVENTS","seq":0}`:                   false,
		`{"stream":"","seq":17}`:                                       false,
		`{"stream":"E","seq":17,"duplicate": true}`:                    false,
		`{"stream":"E","domain":"D","seq":17}`:                         false,
		`{"stream":"E","seq":17} `:                                     false,
		`{"stream":"E","seq":17`:                                       false,
		`{"stream":"E","seq":99999999999999999999}`:                    false,
		`{"error":{"code":400,"err_code":10071},"stream":"E","seq":0}`: false,
		`{"stream":"a\","seq":17}`:                                     false,
		"{\"stream\":\"a\x01\",\"seq\":17}":                            false,
		``:                                                             false,
	} {
		got, ok := parseStored([]byte(body))
		if ok != short {
			t.Errorf("%s is read the short way: %v", body, ok)
		}
		var want answer
		if ok && (json.Unmarshal([]byte(body), &want) != nil || got.Sequence != want.Sequence || got.Stream != want.Stream || want.Duplicate || want.Error != nil) {
			t.Errorf("%s is read as %v, which is %v", body, got, want)
		}
	}
}
