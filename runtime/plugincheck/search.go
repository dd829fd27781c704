package plugincheck

import (
	"flag"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"pgregory.net/rapid"

	_ "github.com/refold-dev/refold/runtime/plugincheck/internal/quiet" // before rapid
)

// rapid takes its settings from flags, which are the process's: how many logs and
// from which seed when a check begins, the others while it shrinks and at its end.
var rapidFlags struct {
	sync.Mutex
	searches int      // that are under way
	back     []func() // set back what all of them have in common
}

// search runs property on drawn values until it fails, and then on smaller ones:
// the last that it fails on is the smallest. It needs no test around it. It returns
// what rapid says of a property that failed, or panicked.
func search(seed uint64, cases int, property func(*rapid.T)) (said string) {
	begun := borrow(seed, cases)
	defer giveBack()
	b := &bench{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer begun()
		rapid.Check(b, func(t *rapid.T) {
			begun()
			property(t)
		})
	}()
	<-done
	return b.said
}

// borrow sets the flags for one more search. Others wait until begun is called: by
// then rapid has read those that are this search's own.
func borrow(seed uint64, cases int) (begun func()) {
	rapidFlags.Lock()
	if flag.Lookup("test.short") == nil {
		testing.Init() // rapid asks whether tests are to be short
	}
	if !flag.Parsed() {
		_ = flag.CommandLine.Parse(nil) // of nothing, nothing can be wrong
	}
	if rapidFlags.searches++; rapidFlags.searches == 1 {
		rapidFlags.back = []func(){set("rapid.nofailfile", "true"), set("rapid.failfile", ""), set("rapid.shrinktime", shrinkTime)}
		for _, loud := range []string{"rapid.log", "rapid.v", "rapid.debug", "rapid.debugvis"} { // which the environment of a test may set
			rapidFlags.back = append(rapidFlags.back, set(loud, "false"))
		}
	}
	if testing.Short() {
		cases *= 5 // for rapid divides by that
	}
	checks, from := set("rapid.checks", strconv.Itoa(cases)), set("rapid.seed", strconv.FormatUint(max(1, seed), 10))
	return sync.OnceFunc(func() {
		checks()
		from()
		rapidFlags.Unlock()
	})
}

func giveBack() {
	rapidFlags.Lock()
	defer rapidFlags.Unlock()
	if rapidFlags.searches--; rapidFlags.searches > 0 {
		return
	}
	for _, back := range rapidFlags.back {
		back()
	}
}

// shrinkTime is longer than shrinking takes: the property bounds its own tries.
const shrinkTime = "1m"

// set sets a flag and returns what sets it back.
func set(name, value string) (back func()) {
	f := flag.Lookup(name)
	before := f.Value.String()
	if err := f.Value.Set(value); err != nil {
		panic(fmt.Sprintf("flag %s: %v", name, err)) // cannot be: the values are ours
	}
	return func() { _ = f.Value.Set(before) }
}

// bench is what rapid runs on outside of tests.
type bench struct {
	failed bool
	said   string
}

func (*bench) Helper()              {}
func (*bench) Name() string         { return "refold_plugin_check" }
func (*bench) Logf(string, ...any)  {}
func (*bench) Log(...any)           {}
func (*bench) Skipf(string, ...any) { runtime.Goexit() }
func (*bench) Skip(...any)          { runtime.Goexit() }
func (*bench) SkipNow()             { runtime.Goexit() }
func (b *bench) Errorf(format string, args ...any) {
	b.said += fmt.Sprintf(format, args...)
	b.Fail()
}
func (b *bench) Error(args ...any) {
	b.said += fmt.Sprint(args...)
	b.Fail()
}
func (b *bench) Fatalf(format string, args ...any) {
	b.Errorf(format, args...)
	runtime.Goexit()
}
func (b *bench) Fatal(args ...any) {
	b.Error(args...)
	runtime.Goexit()
}
func (b *bench) FailNow() {
	b.Fail()
	runtime.Goexit()
}
func (b *bench) Fail()        { b.failed = true }
func (b *bench) Failed() bool { return b.failed }
