package imports

import (
	"path"
	"strings"
)

// goTrace finds in what a guest writes to standard error the place that a Go panic
// is from. A guest in Go is built without names, and has them in this text only.
type goTrace struct {
	state int
	name  string
	place string
}

// The states of a goTrace: what it has seen last.
const (
	traceNone  = iota
	traceBegun // "goroutine 1 [running]:"
	traceName  // the function that panicked
	traceDone
)

// line takes the next line.
func (g *goTrace) line(text string) {
	switch g.state {
	case traceNone:
		if strings.HasPrefix(text, "goroutine ") && strings.HasSuffix(text, "]:") {
			g.state = traceBegun
		}
	case traceBegun:
		call := strings.LastIndexByte(text, '(')
		if call > 0 && text[0] != '\t' && !strings.HasPrefix(text, "panic(") && !strings.HasPrefix(text, "runtime.") {
			g.name, g.state = text[:call], traceName
		}
	case traceName:
		file, _, _ := strings.Cut(strings.TrimSpace(text), " ")
		g.place, g.state = g.name+" at "+path.Base(file), traceDone
	}
}
