package main

import (
	"bytes"
	"context"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// damages is what can happen to a file.
var damages = map[string]func(random *rand.Rand, path string, b []byte) error{
	"a flipped bit": func(random *rand.Rand, path string, b []byte) error {
		b[random.IntN(len(b))] ^= 1 << random.IntN(8)
		return os.WriteFile(path, b, 0o600)
	},
	"zeroes": func(random *rand.Rand, path string, b []byte) error {
		at := random.IntN(len(b))
		clear(b[at:min(at+64, len(b))])
		return os.WriteFile(path, b, 0o600)
	},
	"a shorter file": func(random *rand.Rand, path string, b []byte) error {
		return os.Truncate(path, random.Int64N(int64(len(b))))
	},
	"no file": func(_ *rand.Rand, path string, _ []byte) error { return os.Remove(path) },
}

// TestDamage damages files of the log and of its archive at random, a hundred
// times. Each time the commands name it, or it was one that takes nothing away;
// what is read is right or an error; and what one of the two has lost is put
// back from the other.
func TestDamage(t *testing.T) {
	rounds := 100
	if testing.Short() {
		rounds = 12
	}
	sound := filepath.Join(t.TempDir(), "sound")
	history, _ := gitHistory(t)
	const events = 300
	lines := bytes.SplitAfterN(history, []byte("\n"), events+1)
	log := bytes.Join(lines[:events], nil)
	must(t, sound, bytes.NewReader(log), "event", "import", "-")
	must(t, sound, nil, "archive", "build")
	exported := must(t, sound, nil, "event", "export")

	random := rand.New(rand.NewPCG(20261124, 1))
	named := map[string]int{}
	for range rounds {
		d := &damaged{t: t, dir: filepath.Join(t.TempDir(), "data"), exported: exported}
		if err := os.CopyFS(d.dir, os.DirFS(sound)); err != nil {
			t.Fatal(err)
		}
		part := []string{"log", "archive"}[random.IntN(2)]
		d.what = d.spoil(random, part)
		if part == "log" && random.IntN(2) == 0 {
			_ = os.Remove(filepath.Join(d.dir, "log", "refold.clean")) // as if it had been killed
			d.what += ", killed"
		}
		if d.mend(part) {
			named[part]++
		}
	}
	t.Logf("of %d damages, %d to the log and %d to the archive were named; of the others there was nothing to be seen, and nothing to be mended but by a copy", rounds, named["log"], named["archive"])
	if named["log"] < rounds/8 || named["archive"] < rounds/8 {
		t.Error("too few to mean anything")
	}
}

// damaged is a data directory of which a file is damaged.
type damaged struct {
	t        *testing.T
	dir      string
	what     string
	exported string
}

// spoil damages a file below one part of the directory, the messages as often
// as all other files.
func (d *damaged) spoil(random *rand.Rand, part string) string {
	var all, messages []string
	err := filepath.WalkDir(filepath.Join(d.dir, part), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if info, err := e.Info(); err != nil || info.Size() == 0 {
			return err
		}
		all = append(all, path)
		if strings.HasSuffix(path, ".blk") || strings.HasSuffix(path, ".rfa") {
			messages = append(messages, path)
		}
		return nil
	})
	if err != nil || len(messages) == 0 {
		d.t.Fatalf("files: %v, %v", all, err)
	}
	if random.IntN(2) == 0 {
		all = messages
	}
	path := all[random.IntN(len(all))]
	b, err := os.ReadFile(path)
	if err != nil {
		d.t.Fatal(err)
	}
	kind := []string{"a flipped bit", "zeroes", "a shorter file", "no file"}[random.IntN(4)]
	if err := damages[kind](random, path, b); err != nil {
		d.t.Fatal(err)
	}
	return kind + ": " + filepath.Base(path)
}

// mend looks for the damage and mends it, as an operator would. It reports
// whether the damage was named.
func (d *damaged) mend(part string) (named bool) {
	verify := map[string][]string{"log": {"event", "verify"}, "archive": {"archive", "verify"}}[part]
	code, out, said := inProcess(context.Background(), nil, append(verify, "--data", d.dir)...)
	named = code != 0
	if !named && !strings.HasPrefix(out, "sound: ") {
		d.t.Fatalf("%s: %s", d.what, out)
	}
	if named && !strings.Contains(said, "position") && !strings.Contains(said, "archive file") {
		d.t.Errorf("%s: it is not said where: %s", d.what, said)
	}
	if !named && part == "log" { // so nothing is gone
		d.wantExport("unnamed")
	}
	switch {
	case part == "archive":
		d.must("archive", "build")
	case named:
		if code, _, _ := inProcess(context.Background(), nil, "archive", "restore", "--data", d.dir); code != 0 {
			d.must("archive", "restore", "--anew")
		}
	}
	d.must("archive", "verify")
	if out := d.must("event", "verify"); !strings.Contains(out, "sound: 300 events") || !strings.Contains(out, " 300 of them as in the archive") {
		d.t.Fatalf("%s: after mending: %s", d.what, out)
	}
	d.wantExport("mended")
	return named
}

func (d *damaged) must(args ...string) string {
	d.t.Helper()
	code, out, said := inProcess(context.Background(), nil, append(args, "--data", d.dir)...)
	if code != 0 {
		d.t.Fatalf("%s: refold %s: %s%s", d.what, strings.Join(args, " "), out, said)
	}
	return out
}

func (d *damaged) wantExport(when string) {
	d.t.Helper()
	if out := d.must("event", "export"); out != d.exported {
		d.t.Fatalf("%s, %s: the log differs", d.what, when)
	}
}

func must(t *testing.T, dir string, in *bytes.Reader, args ...string) string {
	t.Helper()
	if in == nil {
		in = bytes.NewReader(nil)
	}
	code, out, said := inProcess(context.Background(), in, append(args, "--data", dir)...)
	if code != 0 {
		t.Fatalf("refold %s: %s", strings.Join(args, " "), said)
	}
	return out
}
