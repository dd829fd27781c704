package unfinished

import "github.com/refold-dev/refold/eventstore/jetstream/internal/blocks"

// Place is a message's place in an atomic batch, as its headers say.
func Place(headers []byte) (batch string, sequence uint64, commits bool) {
	p := placeOf(blocks.Record{Headers: headers})
	return p.batch, p.sequence, p.commits
}
