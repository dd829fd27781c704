package datadir_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gofrs/flock"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/datadir"
)

// holdEnv makes this binary a process that acquires the named directory,
// publishes how to reach it, says so, and waits to be killed.
const holdEnv = "DATADIR_TEST_HOLD"

func TestMain(m *testing.M) {
	if path := os.Getenv(holdEnv); path != "" {
		hold(datadir.At(path))
	}
	os.Exit(m.Run())
}

func hold(d datadir.Dir) {
	if _, err := d.Acquire(); err != nil {
		panic(err)
	}
	if err := d.Publish(datadir.Endpoint{PID: os.Getpid()}); err != nil {
		panic(err)
	}
	_, _ = os.Stdout.WriteString("held\n")
	select {}
}

func acquire(t *testing.T, d datadir.Dir) (release func()) {
	t.Helper()
	r, err := d.Acquire()
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := r(); err != nil {
			t.Fatal(err)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestOthersDirectory: root leaves a directory alone that is another user's, and asks the
// process that has it.
func TestOthersDirectory(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may write into others' directories, and give its own away")
	}
	d := datadir.At(t.TempDir())
	acquire(t, d)()
	if err := os.Chown(d.Path("format.json"), 61430, 61431); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(d.Path("lock")); err != nil {
		t.Fatal(err)
	}
	var owner *datadir.OwnerError
	if _, err := d.Acquire(); !errors.As(err, &owner) || owner.UID != 61430 || owner.GID != 61431 {
		t.Errorf("%v, want the owner", err)
	}
	if _, err := os.Stat(d.Path("lock")); err == nil {
		t.Error("it has made a file there")
	}
	holder := flock.New(d.Path("lock"))
	if ok, err := holder.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	var inUse *datadir.InUseError
	if _, err := d.Acquire(); !errors.As(err, &inUse) {
		t.Errorf("%v, want that a process has it", err)
	}
	if err := holder.Unlock(); err != nil {
		t.Fatal(err)
	}
}

func TestAcquire(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b")
	d := datadir.At(path)
	if d.Exists() {
		t.Fatal("it exists before it has been made")
	}
	release := acquire(t, d)
	if !d.Exists() {
		t.Error("it does not exist after it has been made")
	}
	var inUse *datadir.InUseError
	if _, err := datadir.At(path).Acquire(); !errors.As(err, &inUse) || inUse.Path != path {
		t.Errorf("acquiring it twice: %v", err)
	}
	if used, err := d.InUse(); !used || err != nil {
		t.Errorf("in use: %v, %v", used, err)
	}
	if _, err := d.Endpoint(); !errors.As(err, &inUse) {
		t.Errorf("the endpoint of a process without one: %v", err)
	}
	want := datadir.Endpoint{PID: 1, LogURL: "nats://l", LogToken: "s", ControlURL: "http://c", ControlToken: "t"}
	if err := d.Publish(want); err != nil {
		t.Fatal(err)
	}
	if got, err := d.Endpoint(); err != nil || got != want {
		t.Errorf("the endpoint is %+v, %v", got, err)
	}
	if info, err := os.Stat(d.Path("engine.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the endpoint's file: %v, %v", info, err)
	}
	release()
	if used, err := d.InUse(); used || err != nil {
		t.Errorf("in use after release: %v, %v", used, err)
	}
	if _, err := os.Stat(d.Path("engine.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the endpoint is still there after release: %v", err)
	}
	acquire(t, d)()
}

// A process that was killed has given nothing back: the lock is free, and what
// it published is not believed.
func TestAcquireAfterACrash(t *testing.T) {
	d := datadir.At(t.TempDir())
	holder := exec.Command(os.Args[0])
	holder.Env = append(os.Environ(), holdEnv+"="+d.Path())
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	var inUse *datadir.InUseError
	if _, err := d.Acquire(); !errors.As(err, &inUse) {
		t.Errorf("acquiring it beside another process: %v", err)
	}
	if e, err := d.Endpoint(); err != nil || e.PID != holder.Process.Pid {
		t.Errorf("the endpoint of the other process: %+v, %v", e, err)
	}
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait()
	release := acquire(t, d)
	defer release()
	if e, err := d.Endpoint(); err == nil {
		t.Errorf("the endpoint of a dead process: %+v", e)
	}
}

func TestAcquireRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		file, text string // written first
		path       string // acquired
		want       string
	}{
		"another folder":       {"x/mine.txt", "", "x", "x is a folder with other content: name an empty or a new folder with --data"},
		"a later format":       {"x/format.json", `{"format": 2}`, "x", "the data directory x has format 2; this Refold reads 1"},
		"a format of nothing":  {"x/format.json", `{}`, "x", "x/format.json is damaged: it names no format"},
		"a damaged format":     {"x/format.json", `{`, "x", "x/format.json is damaged: unexpected end of JSON input"},
		"no format":            {"x/store.json", `{}`, "x", "x has store.json, as a data directory has, but no format.json"},
		"a file":               {"x", "", "x", "making the data directory: mkdir x: not a directory"},
		"a place below a file": {"x", "", "x/y", "making the data directory: mkdir x: not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write(t, test.file, test.text)
			if _, err := datadir.At(test.path).Acquire(); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if entries, _ := os.ReadDir("x"); len(entries) > 1 {
				t.Errorf("it has left something: %v", entries)
			}
		})
	}
}

// What a crash leaves while a directory is made is no obstacle.
func TestAcquireAfterACrashWhileMaking(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, ".new-123"), "{")
	acquire(t, datadir.At(dir))()
}

func TestStore(t *testing.T) {
	d := datadir.At(t.TempDir())
	defer acquire(t, d)()
	first := config.Store{Prefix: "infrastructure"}
	if err := d.CheckStore(first); err != nil {
		t.Fatalf("a directory without a log takes any: %v", err)
	}
	if _, err := d.Store(); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("checking has noted it: %v", err)
	}
	for _, s := range []config.Store{first, first, {Prefix: "infrastructure", Sync: "interval"}} {
		if err := d.SetStore(s); err != nil {
			t.Fatal(err)
		}
		got, err := d.Store()
		if diff := cmp.Diff(s, got, cmpopts.IgnoreUnexported(config.At{})); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
	}
	for _, other := range []config.Store{{Prefix: "other"}, {Prefix: "infrastructure", URL: "nats://h"}} {
		err := d.SetStore(other)
		if err == nil || !strings.Contains(err.Error(), `belongs to the log embedded, prefix "infrastructure"`) {
			t.Errorf("another log %+v: %v", other, err)
		}
	}
}

func TestPipelines(t *testing.T) {
	folder := t.TempDir()
	d := datadir.At(filepath.Join(folder, "data"))
	module, script := filepath.Join(folder, "m.wasm"), filepath.Join(folder, "m.js")
	write(t, module, "code")
	write(t, script, "code")
	release := acquire(t, d)
	for name, module := range map[string]string{"b": script, "a": module} {
		p, err := d.Adopt(config.Pipeline{Name: name, Projection: config.Projection{WASM: module, Key: "k"}})
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(p.Projection.WASM)
		if string(text) != "code" || p.Projection.WASM == module || filepath.Ext(p.Projection.WASM) != filepath.Ext(module) {
			t.Errorf("the adopted module is %s: %q, %v", p.Projection.WASM, text, err)
		}
	}
	release()
	write(t, d.Path("pipelines", "stray.txt"), "")
	write(t, d.Path("pipelines", "half_made", ".new-1"), "")
	write(t, d.Path("pipelines", "Not a name", "spec.json"), "{}")

	moved := datadir.At(filepath.Join(folder, "moved"))
	if err := os.Rename(d.Path(), moved.Path()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(module), os.Remove(script)); err != nil {
		t.Fatal(err)
	}
	list, err := moved.Pipelines()
	if err != nil || len(list) != 2 || list[0].Name != "a" || list[1].Name != "b" || list[0].Projection.Key != "k" {
		t.Fatalf("pipelines of the moved directory: %+v, %v", list, err)
	}
	for _, p := range list {
		if text, err := os.ReadFile(p.Projection.WASM); string(text) != "code" {
			t.Errorf("the module in the moved directory: %q, %v", text, err)
		}
	}
	if got := filepath.Base(list[1].Projection.WASM); got != "m.js" {
		t.Errorf("the script is called %s now", got)
	}
}

// A module's copy is found where it was noted, and in a directory that has been moved; it
// goes when nothing needs it.
func TestModules(t *testing.T) {
	folder := t.TempDir()
	d := datadir.At(filepath.Join(folder, "data"))
	release := acquire(t, d)
	adopt := func(file, code string) config.Pipeline {
		t.Helper()
		write(t, filepath.Join(folder, file), code)
		p, err := d.Adopt(config.Pipeline{Name: "a", Projection: config.Projection{WASM: filepath.Join(folder, file)}})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	old := []config.Pipeline{adopt("m.wasm", "one"), adopt("s.js", "two"), adopt("s.js", "three")}
	now := adopt("m.wasm", "four")
	release()
	moved := datadir.At(filepath.Join(folder, "moved"))
	if err := os.Rename(d.Path(), moved.Path()); err != nil {
		t.Fatal(err)
	}
	read := func(p config.Pipeline) string {
		text, _ := os.ReadFile(moved.Placed(p.Projection.WASM))
		return string(text)
	}
	for i, want := range []string{"one", "two", "three"} {
		if got := read(old[i]); got != want {
			t.Errorf("module %d in the moved directory: %q", i, got)
		}
	}
	if err := moved.DropModules(old[1:2]); err != nil {
		t.Fatal(err)
	}
	if read(old[0]) != "" || read(old[1]) != "two" || read(old[2]) != "" || read(now) != "four" {
		t.Errorf("left are %q, %q, %q, %q", read(old[0]), read(old[1]), read(old[2]), read(now))
	}
	for _, path := range []string{"m.wasm", "/modules/x.wasm", filepath.Join(folder, "m.wasm"), "/modules/" + strings.Repeat("0", 64) + "/../x.js"} {
		if got := moved.Placed(path); got != path {
			t.Errorf("%s is placed at %s", path, got)
		}
	}
}

func TestUnknownPipeline(t *testing.T) {
	d := datadir.At(t.TempDir())
	defer acquire(t, d)()
	if list, err := d.Pipelines(); err != nil || len(list) != 0 {
		t.Errorf("pipelines of a new directory: %v, %v", list, err)
	}
	write(t, d.Path("pipelines", "a", "spec.json"), "{}")
	for _, name := range []string{"b", "", ".", "..", "../pipelines/a", "a/", "/a", "a\x00", strings.Repeat("a", 5000)} {
		if p, err := d.Pipeline(name); !errors.Is(err, datadir.ErrUnknownPipeline) {
			t.Errorf("pipeline %.20q: %+v, %v", name, p, err)
		}
	}
}

// A process stays where it is, and is pinned to what it was.
func TestAdoptAProcess(t *testing.T) {
	d := datadir.At(t.TempDir())
	defer acquire(t, d)()
	path := filepath.Join(t.TempDir(), "stock")
	write(t, path, "#!/bin/sh\n")
	declared := config.Process{Command: []string{path, "-x"}, Env: config.Names{"TOKEN"}, SHA256: strings.Repeat("0", 64)}
	p, err := d.Adopt(config.Pipeline{Name: "a", Projection: config.Projection{Process: &declared}})
	if err != nil {
		t.Fatal(err)
	}
	const digest = "a8076d3d28d21e02012b20eaf7dbf75409a6277134439025f282e368e3305abf"
	kept, err := d.Pipeline("a")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []config.Pipeline{p, kept} {
		got := p.Projection.Process
		if got.Path() != path || got.Command[1] != "-x" || got.Env[0] != "TOKEN" || got.SHA256 != digest || p.Projection.WASM != "" {
			t.Errorf("it has become %+v", got)
		}
	}
	if declared.SHA256 == digest {
		t.Error("the declaration itself was changed")
	}
}

func TestAdoptWithoutAModule(t *testing.T) {
	d := datadir.At(t.TempDir())
	defer acquire(t, d)()
	_, err := d.Adopt(config.Pipeline{Name: "a", Projection: config.Projection{WASM: "nowhere.wasm"}})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("adopting a pipeline without a module: %v", err)
	}
	if list, err := d.Pipelines(); err != nil || len(list) != 0 {
		t.Errorf("it has been noted: %v, %v", list, err)
	}
}

func TestResolve(t *testing.T) {
	d := datadir.At("data")
	if got, want := d.Resolve("x.db"), filepath.Join("data", "x.db"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if abs := filepath.Join(t.TempDir(), "x.db"); d.Resolve(abs) != abs {
		t.Errorf("an absolute path becomes %s", d.Resolve(abs))
	}
}
