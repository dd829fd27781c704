package main

import (
	"encoding/binary"
	"fmt"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/sdk/frame"
)

const (
	perBatch   = 1024
	batches    = 20
	aggregates = 10_000
)

// payload is one as a tool would write it.
const payload = `{"path":"docs/guide/introduction.md","dir":"docs","additions":120,"deletions":7,` +
	`"author":{"name":"A. \"Nonymous\"","email":"nobody@example.com"},"tags":["prose","guide"],` +
	`"message":"Say what a projection is, and what it is not, in one page"}`

// event is the nth, from 1 on. The aggregates come in a scattered order.
func event(n uint64) frame.Event {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:], n*7919%aggregates*0x9e3779b97f4a7c15)
	binary.BigEndian.PutUint64(id[8:], n*7919%aggregates+1)
	return frame.Event{Position: n, Version: n/aggregates + 1, Type: "page_changed", AggregateType: "page", AggregateID: id, Data: []byte(payload)}
}

// frames are all events, in batches of a size.
func frames(size uint64) (list [][]byte, err error) {
	for first := uint64(0); first < batches*perBatch; first += size {
		var w frame.BatchWriter
		w.Reset(nil, 0)
		w.BeginUnkeyed()
		for n := first; n < first+size; n++ {
			e := event(n + 1)
			w.AddEvent(&e)
		}
		text, err := w.Finish()
		if err != nil {
			return nil, err
		}
		list = append(list, text)
	}
	return list, nil
}

// tallies is a state that is kept in Go.
type tallies[K comparable] map[K]*tally

type tally struct{ count, version, bytes uint64 }

func (all tallies[K]) add(key K, version uint64, size int) {
	t := all[key]
	if t == nil {
		t = &tally{}
		all[key] = t
	}
	t.count++
	t.version = max(t.version, version)
	t.bytes += uint64(size)
}

// answer is that of a guest which has counted the same.
func (all tallies[K]) answer() string {
	var sum tally
	for _, t := range all {
		sum.count += t.count
		sum.version += t.version
		sum.bytes += t.bytes
	}
	return fmt.Sprintf(`{"aggregates":%d,"events":%d,"versions":%d,"bytes":%d}`, len(all), sum.count, sum.version, sum.bytes)
}
