package unfinished_test

import (
	"testing"

	"github.com/refold-dev/refold/eventstore/jetstream/internal/unfinished"
)

// FuzzPlace holds that any headers can be looked at, and that a place in a batch
// has a batch and a number.
func FuzzPlace(f *testing.F) {
	f.Add(message{sequence: 2, batch: "b", place: 1, commit: "1"}.headers())
	f.Add("NATS/1.0\r\nNats-Batch-Id:\r\nNats-Batch-Sequence: x")
	f.Add("\r\nNats-Batch-Id: b\r\nNats-Batch-Sequence: 99999999999999999999\r\n")
	f.Fuzz(func(t *testing.T, headers string) {
		batch, sequence, commits := unfinished.Place([]byte(headers))
		if batch == "" && (sequence > 0 || commits) {
			t.Fatalf("%q has place %d of no batch", headers, sequence)
		}
	})
}
