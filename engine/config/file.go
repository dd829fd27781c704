package config

import (
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// File appends effects to files of JSON Lines.
type File struct {
	At `yaml:"-" json:"-"`
	// Folder is where the files are, relative to the data directory.
	Folder string `yaml:"folder" json:"folder"`
	// MaxSize is the most that a file may have; 0 means that it grows for ever.
	MaxSize Size `yaml:"max_size" json:"max_size,omitempty"`
	// Keep is how many finished files are kept; 0 means all.
	Keep int `yaml:"keep" json:"keep,omitempty"`
}

// Size is a number of bytes, written with a unit, such as 64MiB.
type Size int64

var units = []struct {
	name  string
	bytes int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}}

func (s *Size) decodeNode(d *decoder, n *yaml.Node) {
	for _, unit := range units {
		digits, ok := strings.CutSuffix(n.Value, unit.name)
		if !ok {
			continue
		}
		count, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err == nil && count >= 0 && count <= math.MaxInt64/unit.bytes {
			*s = Size(count * unit.bytes)
			return
		}
	}
	d.fail(n, "write a whole number with a unit: 512KiB, 64MiB, 1GiB", "expected a size, found %s", kindOf(n))
}

// minFileSize keeps a slip of the pen from making a file for every line.
const minFileSize = 4 << 10

func (r *rules) file(f *File) {
	if f.Folder == "" {
		r.fail(f.Where("folder"), "add `folder: NAME`; it is relative to the data directory", "the file executor has no folder")
	}
	if f.Sets("max_size") && f.MaxSize < minFileSize {
		r.fail(f.Where("max_size"), "leave it out for one file without a bound", "max_size must be at least 4KiB")
	}
	if f.Sets("keep") && f.Keep < 1 {
		r.fail(f.Where("keep"), "leave it out to keep all", "keep must be at least 1")
	}
	if f.Sets("keep") && !f.Sets("max_size") {
		r.fail(f.Where("keep"), "add `max_size: 64MiB`, or remove keep", "keep is about finished files, and without max_size none ever is")
	}
}

// foldersOnce refuses a folder that two executors would take from each other.
func (r *rules) foldersOnce(pipelines []Pipeline) {
	first := map[string]Pos{}
	for i := range pipelines {
		for j := range pipelines[i].Executors {
			x := pipelines[i].Executors[j].Innermost()
			if x == nil || x.File == nil || x.File.Folder == "" {
				continue
			}
			name, at := filepath.Clean(x.File.Folder), x.File.Where("folder")
			if before, twice := first[name]; twice {
				r.fail(at, "give each executor a folder of its own", "the folder %q is given twice, first at %s", x.File.Folder, before)
				continue
			}
			first[name] = at
		}
	}
}
