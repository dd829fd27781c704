package child

import (
	"context"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/time/rate"
)

const (
	// maxLine bounds a line, for the search for secrets; maxLogged what is logged
	// of it.
	maxLine   = 64 << 10
	maxLogged = 2 << 10
	// linesPerSecond and burst bound what is logged of a process.
	linesPerSecond = 20
	burst          = 200
	// minSecret is the length from which on a text is not there by chance.
	minSecret = 4
)

// output logs what a process says, and remembers what it has said last.
type output struct {
	logger  *slog.Logger
	secrets *strings.Replacer
	limit   *rate.Limiter

	mu      sync.Mutex
	dropped int
	latest  string
	verdict bool // latest is why the process ends
	streams []*stream
}

func newOutput(logger *slog.Logger, secrets map[string]string) *output {
	return &output{logger: logger, secrets: redactor(secrets), limit: rate.NewLimiter(linesPerSecond, burst)}
}

// redactor puts names in the place of values, line by line; the longest values
// first, which others may be parts of.
func redactor(secrets map[string]string) *strings.Replacer {
	type secret struct{ value, name string }
	var list []secret
	for name, value := range secrets {
		for part := range strings.Lines(value) {
			if part = strings.TrimSpace(part); len(part) >= minSecret {
				list = append(list, secret{part, "[" + name + "]"})
			}
		}
	}
	slices.SortFunc(list, func(a, b secret) int {
		if n := len(b.value) - len(a.value); n != 0 {
			return n
		}
		return strings.Compare(a.name, b.name)
	})
	var pairs []string
	for _, s := range list {
		pairs = append(pairs, s.value, s.name)
	}
	return strings.NewReplacer(pairs...)
}

// stream is one of the ways by which a process says something.
type stream struct {
	out     *output
	pending []byte
	skips   bool // the rest of a line that was too long
}

func (o *output) stream() io.Writer {
	s := &stream{out: o}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.streams = append(o.streams, s)
	return s
}

// Write logs the lines that have come to their end.
func (s *stream) Write(b []byte) (int, error) {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	for _, c := range b {
		switch {
		case c == '\n':
			s.end()
		case s.skips:
		default:
			if s.pending = append(s.pending, c); len(s.pending) == maxLine {
				s.end()
				s.skips = true
			}
		}
	}
	return len(b), nil
}

// end logs the line that is pending.
func (s *stream) end() {
	if !s.skips && len(s.pending) > 0 {
		s.out.line(string(s.pending))
	}
	s.pending, s.skips = s.pending[:0], false
}

// flush logs the last lines, which nothing has ended, and how many are missing.
func (o *output) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.streams {
		s.end()
	}
	o.tellDropped()
}

var levels = map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}

// ends is how a line begins that says why a process ends.
var ends = regexp.MustCompile(`^(panic: |fatal error: |(\w+\.)*\w*(Error|Exception)\b)`)

// line logs a line, at the level that is its first word; else as information.
func (o *output) line(text string) {
	text = cut(o.secrets.Replace(strings.ToValidUTF8(strings.TrimRight(text, "\r"), "�")), maxLogged)
	if strings.TrimSpace(text) == "" {
		return
	}
	if verdict := ends.MatchString(text); verdict || !o.verdict {
		o.latest, o.verdict = text, verdict
	}
	if !o.limit.Allow() {
		o.dropped++
		return
	}
	o.tellDropped()
	level := slog.LevelInfo
	if word, rest, ok := strings.Cut(text, " "); ok {
		if named, ok := levels[word]; ok {
			level, text = named, rest
		}
	}
	o.logger.Log(context.Background(), level, text)
}

func (o *output) tellDropped() {
	if o.dropped > 0 {
		o.logger.Warn("the plugin says more than is logged", "lines_left_out", o.dropped)
		o.dropped = 0
	}
}

// last is what the process has said last, or why it ends.
func (o *output) last() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return cut(o.latest, 500)
}
