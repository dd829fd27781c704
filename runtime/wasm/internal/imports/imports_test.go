package imports

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/sys"

	"github.com/refold-dev/refold/runtime/wasm/internal/wasmtest"
)

// bench is a guest with a page of memory, whose imports are called by name.
type bench struct {
	*testing.T
	guest  *Guest
	module api.Module
	log    bytes.Buffer
}

func newBench(t *testing.T) *bench {
	t.Helper()
	rt := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter())
	t.Cleanup(func() {
		if err := rt.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	m, err := rt.Instantiate(t.Context(), wasmtest.Guest().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t, module: m}
	b.guest = NewGuest(42, NewLog(slog.New(slog.NewTextHandler(&b.log, nil)), 1<<20))
	b.guest.Begin(t.Context())
	return b
}

// call calls an import and returns its errno.
func (b *bench) call(name string, arguments ...uint64) errno {
	b.Helper()
	for _, fn := range AllFunctions() {
		if fn.Name == name {
			stack := make([]uint64, max(len(arguments), len(fn.Results), 1))
			copy(stack, arguments)
			fn.Call(b.guest, b.module, stack)
			return errno(stack[0])
		}
	}
	b.Fatalf("no import %s", name)
	return 0
}

func (b *bench) want(got, want errno) {
	b.Helper()
	if got != want {
		b.Errorf("errno %d, want %d", got, want)
	}
}

func (b *bench) u32(at uint32) uint32 {
	v, _ := b.module.Memory().ReadUint32Le(at)
	return v
}

func (b *bench) u64(at uint32) uint64 {
	v, _ := b.module.Memory().ReadUint64Le(at)
	return v
}

// TestBadPointers gives every import the worst arguments: errno, a
// *PointerError or the guest's exit, and nothing else.
func TestBadPointers(t *testing.T) {
	for _, fn := range AllFunctions() {
		for _, worst := range []uint64{1<<32 - 1, wasmtest.Page - 1, 1 << 31} {
			t.Run(fmt.Sprint(fn.Name, " ", worst), func(t *testing.T) {
				b := newBench(t)
				defer func() {
					switch fault := recover().(type) {
					case nil:
					case error:
						var pointer *PointerError
						var exit *sys.ExitError
						var use *UseError
						if !errors.As(fault, &pointer) && !errors.As(fault, &exit) && !errors.As(fault, &use) {
							t.Errorf("panic: %v", fault)
						}
					default:
						t.Errorf("panic: %v", fault)
					}
				}()
				arguments := make([]uint64, len(fn.Params))
				for i := range arguments {
					arguments[i] = worst
				}
				e := b.call(fn.Name, arguments...)
				if len(fn.Results) > 0 && len(fn.Params) > 0 && fn.Name != "args_get" && fn.Name != "environ_get" {
					if e == success {
						t.Error("it succeeds")
					}
				}
			})
		}
	}
}

// TestRandom pins the generator to splitmix64's known outputs: a change of it
// would orphan snapshots.
func TestRandom(t *testing.T) {
	b := newBench(t)
	b.want(b.call("random_get", 0, 11), success)
	got, _ := b.module.Memory().Read(0, 12)
	if want := []byte{0x95, 0x6e, 0xeb, 0x2f, 0x26, 0x32, 0xd7, 0xbd, 0x03, 0xf1, 0x66, 0}; !bytes.Equal(got, want) {
		t.Errorf("random bytes are % #x, want % #x", got, want)
	}
	state := b.guest.Random
	b.want(b.call("random_get", 0, 8), success)
	first := b.u64(0)
	b.guest.Random = state
	b.want(b.call("random_get", 0, 8), success)
	if b.u64(0) != first {
		t.Error("the same state gives other bytes")
	}
}

func TestClock(t *testing.T) {
	b := newBench(t)
	for id := range uint64(4) {
		b.want(b.call("clock_time_get", id, 1, 8), success)
		if got := b.u64(8); got != Epoch {
			t.Errorf("clock %d says %d, want %d", id, got, Epoch)
		}
	}
	b.want(b.call("clock_time_get", 4, 1, 8), errInval)
	b.want(b.call("clock_res_get", 0, 8), success)
}

// subscribe writes a subscription for poll_oneoff.
func (b *bench) subscribe(n int, id uint64, kind byte, timeout uint64, absolute bool) {
	m, at := b.module.Memory(), uint32(1000+n*subSize)
	m.WriteUint64Le(at, id)
	m.WriteByte(at+subKind, kind)
	m.WriteUint32Le(at+16, 0)
	m.WriteUint64Le(at+subTimeout, timeout)
	m.WriteUint16Le(at+subFlags, 0)
	if absolute {
		m.WriteUint16Le(at+subFlags, absoluteSub)
	}
}

func (b *bench) poll(n int) (ids []uint64) {
	b.Helper()
	b.want(b.call("poll_oneoff", 1000, 2000, uint64(n), 3000), success)
	for i := range b.u32(3000) {
		ids = append(ids, b.u64(2000+i*eventSize))
	}
	return ids
}

// TestPoll holds invariant 2.
func TestPoll(t *testing.T) {
	b := newBench(t)
	b.want(b.call("poll_oneoff", 1000, 2000, 0, 3000), errInval)

	b.subscribe(0, 10, kindClock, 5000, false)
	b.subscribe(1, 11, kindClock, 300, false)
	b.subscribe(2, 12, kindClock, Epoch+300, true)
	if ids := b.poll(3); fmt.Sprint(ids) != "[11 12]" || b.guest.Slept != 300 {
		t.Errorf("events %v, slept %d; want the two earliest, 300", ids, b.guest.Slept)
	}
	b.subscribe(0, 13, kindClock, 1, true)
	if ids := b.poll(1); fmt.Sprint(ids) != "[13]" || b.guest.Slept != 300 {
		t.Errorf("a deadline gone by: events %v, slept %d", ids, b.guest.Slept)
	}
	b.subscribe(0, 14, kindClock, 1000, false)
	b.subscribe(1, 15, 1, 0, false) // standard input can be read
	if ids := b.poll(2); fmt.Sprint(ids) != "[15]" || b.guest.Slept != 300 {
		t.Errorf("with a stream: events %v, slept %d", ids, b.guest.Slept)
	}
	b.subscribe(0, 16, kindClock, 1<<64-1, false)
	for range 3 {
		if ids := b.poll(1); fmt.Sprint(ids) != "[16]" || b.guest.now() != endOfTime {
			t.Errorf("for ever: events %v, clock %d", ids, b.guest.now())
		}
	}
}

func TestStreams(t *testing.T) {
	b := newBench(t)
	m := b.module.Memory()
	m.Write(100, []byte("one\ntwo"))
	m.WriteUint32Le(8, 100)
	m.WriteUint32Le(12, 7)
	b.want(b.call("fd_write", 1, 8, 1, 16), success)
	if b.u32(16) != 7 || !strings.Contains(b.log.String(), "msg=one") || strings.Contains(b.log.String(), "two") {
		t.Errorf("wrote %d, log %q", b.u32(16), b.log.String())
	}
	b.guest.End()
	if !strings.Contains(b.log.String(), "msg=two") {
		t.Errorf("the last line is missing: %q", b.log.String())
	}
	b.want(b.call("fd_write", 3, 8, 1, 16), errBadf)
	b.want(b.call("fd_write", 0, 8, 1, 16), errBadf)

	for n := range uint32(3) { // three vectors with the whole memory
		m.WriteUint32Le(8+8*n, 0)
		m.WriteUint32Le(12+8*n, wasmtest.Page)
	}
	b.want(b.call("fd_write", 2, 8, 3, 40), success)
	if b.u32(40) != maxWrite {
		t.Errorf("a write took %d bytes, want %d", b.u32(40), maxWrite)
	}
	b.want(b.call("fd_read", 0, 8, 1, 16), success)
	if b.u32(16) != 0 {
		t.Errorf("standard input has %d bytes", b.u32(16))
	}
	b.want(b.call("fd_fdstat_get", 1, 200), success)
	b.want(b.call("fd_fdstat_get", 3, 200), errBadf)
	b.want(b.call("fd_seek", 1, 0, 0, 8), errSpipe)
	b.want(b.call("path_open", 3, 0, 100, 3, 0, 0, 0, 0, 8), errBadf)
}

func TestNoStrings(t *testing.T) {
	b := newBench(t)
	for _, name := range []string{"args_sizes_get", "environ_sizes_get"} {
		b.module.Memory().WriteUint64Le(8, 1<<64-1)
		b.want(b.call(name, 8, 12), success)
		if b.u64(8) != 0 {
			t.Errorf("%s counts %#x", name, b.u64(8))
		}
	}
}

func TestLogBounds(t *testing.T) {
	b := newBench(t)
	b.guest.Log.budget = 2 * (maxLine + lineCost)
	b.guest.Begin(t.Context())
	long := bytes.Repeat([]byte("x"), 2*maxLine)
	for range 3 {
		b.guest.Log.line(t.Context(), slog.LevelInfo, long)
	}
	b.guest.Log.line(t.Context(), slog.LevelInfo, []byte("\xffshort"))
	b.guest.End()
	if n := strings.Count(b.log.String(), "xxx\n") + strings.Count(b.log.String(), "msg=xxx"); n < 2 || strings.Contains(b.log.String(), "short") {
		t.Errorf("log: %.200s", b.log.String())
	}
	if want := fmt.Sprintf("dropped_bytes=%d", 3*maxLine+maxLine+len("\xffshort")); !strings.Contains(b.log.String(), want) {
		t.Errorf("the log lacks %s: %s", want, b.log.String()[max(0, b.log.Len()-200):])
	}
	b.guest.Begin(t.Context())
	b.guest.Log.line(t.Context(), slog.LevelInfo, []byte("\xffshort"))
	if !strings.Contains(b.log.String(), "\uFFFDshort") {
		t.Error("what is not UTF-8 is not replaced")
	}
}
