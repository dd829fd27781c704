// Command tally is the tests' plugin in Go: a resident projection that counts
// events by aggregate. Some event types make it misbehave.
package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"time"
	"unsafe"

	"github.com/refold-dev/refold/sdk/frame"
)

// tally is the state of one aggregate.
type tally struct {
	Count   uint64
	Version uint64
	Bytes   int
}

var (
	tallies = map[[16]byte]*tally{}
	notes   = map[string]string{}
	input   []uint64
	result  frame.ResultWriter
	answer  []byte
)

const manifest = `{"abi":1,"name":"tally","version":"1","state":"resident","events":["add"],"sdk":"none"}`

func main() {}

//go:wasmimport refold begin_event
func beginEvent(index int32)

//go:wasmimport refold log
func log(level int32, text *byte, length int32)

//go:wasmexport refold_abi_v1
func abi() {}

//go:wasmexport refold_alloc
func alloc(size int32) unsafe.Pointer {
	if words := int(size+7) / 8; words > cap(input) {
		input = make([]uint64, words)
	}
	return unsafe.Pointer(unsafe.SliceData(input[:1]))
}

//go:wasmexport refold_describe
func describe() uint64 {
	return span(unsafe.Slice(unsafe.StringData(manifest), len(manifest)))
}

//go:wasmexport refold_fold
func fold(at unsafe.Pointer, length int32) uint64 {
	batch, err := frame.OpenBatch(unsafe.Slice((*byte)(at), length))
	if err != nil {
		panic(err)
	}
	result.Reset()
	for group := range batch.Groups() {
		for e := range group.Events() {
			if e.TypeIndex() == 0 {
				count(e)
				continue
			}
			beginEvent(int32(e.Index))
			perform(string(e.Type()), e)
		}
	}
	return span(result.Finish())
}

func count(e frame.EventView) {
	t := tallies[[16]byte(e.AggregateID())]
	if t == nil {
		t = &tally{}
		tallies[[16]byte(e.AggregateID())] = t
	}
	t.Count++
	t.Version = max(t.Version, e.Version())
	t.Bytes += len(e.Data())
}

// perform does what an event's type says.
func perform(what string, e frame.EventView) {
	switch what {
	case "emit":
		result.AddEffect(&frame.Effect{Kind: frame.Insert, Cause: e.Index, Name: []byte("rows"), Body: e.Data()})
	case "random":
		notes[fmt.Sprint("random ", len(notes))] = fmt.Sprint(rand.Uint64())
	case "grow":
		notes[fmt.Sprint("grow ", len(notes))] = string(make([]byte, 100_000))
	case "forget":
		clear(notes)
		runtime.GC()
	case "sleep":
		began := time.Now()
		time.Sleep(time.Hour)
		notes["slept"] = time.Since(began).String() + " until " + time.Now().UTC().Format(time.RFC3339)
	case "goroutine":
		done := make(chan string)
		go func() { done <- fmt.Sprint("goroutine ", len(notes)) }()
		notes[<-done] = "came back"
	case "print":
		fmt.Println("to standard output")
		fmt.Fprint(os.Stderr, "to standard error\nwithout an end")
	case "log":
		text := []byte("to the log")
		log(3, &text[0], int32(len(text)))
	case "flood":
		for range 100_000 {
			fmt.Println("again and again")
		}
	case "world":
		_, err := os.ReadFile("/etc/passwd")
		notes["world"] = fmt.Sprint(len(os.Args), len(os.Environ()), err != nil)
	case "spin":
		for {
			spins++
		}
	case "recurse":
		spins += descend(spins)
	case "panic":
		panic("the guest is unhappy")
	case "exit":
		os.Exit(3)
	}
}

var spins int

// descend calls itself for ever.
//
//go:noinline
func descend(n int) int { return descend(n+1) + 1 }

//go:wasmexport refold_query
func query(at unsafe.Pointer, length int32) uint64 {
	byKey := map[string]tally{}
	for id, t := range tallies {
		byKey[fmt.Sprintf("%x", id)] = *t
	}
	answer, _ = json.Marshal(map[string]any{
		"query":   string(unsafe.Slice((*byte)(at), length)),
		"tallies": byKey,
		"notes":   notes,
	})
	return span(answer)
}

func span(b []byte) uint64 {
	return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b))))<<32 | uint64(len(b))
}
