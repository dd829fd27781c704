package imports

import (
	"bytes"
	"cmp"
	"context"
	"log/slog"
)

// Bounds of the log, in bytes.
const (
	maxLine = 4 << 10
	// lineCost is what a line takes from a call's budget beside its bytes.
	lineCost = 64
)

// Log takes what one guest writes: lines of refold.log, and the text of
// standard output and standard error, cut into lines.
type Log struct {
	logger *slog.Logger
	budget int
	left   int
	cut    int // bytes dropped in this call
	lines  [2][]byte
	first  string // first line on standard error in this call
	last   string // last line logged as an error in this call
	trace  goTrace
	redact func(string) string // of the logger's and the complaint's texts; nil for none
}

// Redact has all text that is logged from now on, or told by Complaint, go through
// a function.
func (l *Log) Redact(f func(string) string) { l.redact = f }

// NewLog returns a log that writes at most budget bytes for each call to
// logger.
func NewLog(logger *slog.Logger, budget int) Log { return Log{logger: logger, budget: budget} }

// Complaint is why the guest gives up, as far as it has said so in this call: the
// first line on standard error, where a language's runtime tells it, or else the
// last line logged as an error, where a kit does.
func (l *Log) Complaint() string { return cmp.Or(l.first, l.last) }

// Place is where a guest in Go says, on standard error, that it panicked, such as
// "main.fold at main.go:12"; empty for all others.
func (l *Log) Place() string { return l.trace.place }

func (l *Log) begin() { l.left, l.cut, l.first, l.last, l.trace = l.budget, 0, "", "", goTrace{} }

// Flush writes lines that have no end yet.
func (l *Log) Flush(ctx context.Context) {
	for stream := range l.lines {
		l.flush(ctx, stream)
	}
}

func (l *Log) end(ctx context.Context) {
	l.Flush(ctx)
	if l.cut > 0 {
		l.logger.LogAttrs(ctx, slog.LevelWarn, "plugin log cut", slog.Int("dropped_bytes", l.cut))
	}
}

// write takes text of a stream, 0 for standard output and 1 for standard error.
func (l *Log) write(ctx context.Context, stream int, text []byte) {
	for {
		end := bytes.IndexByte(text, '\n')
		if end < 0 {
			break
		}
		l.extend(stream, text[:end])
		l.flush(ctx, stream)
		text = text[end+1:]
	}
	l.extend(stream, text)
}

func (l *Log) extend(stream int, text []byte) {
	room := max(0, maxLine-len(l.lines[stream]))
	if len(text) > room {
		l.cut += len(text) - room
		text = text[:room]
	}
	l.lines[stream] = append(l.lines[stream], text...)
}

func (l *Log) flush(ctx context.Context, stream int) {
	line := l.lines[stream]
	if len(line) == 0 {
		return
	}
	level := slog.LevelInfo
	if stream == 1 {
		level = slog.LevelWarn
		if l.first == "" {
			l.first = l.start(line)
		}
		l.trace.line(l.text(line))
	}
	l.line(ctx, level, line)
	l.lines[stream] = line[:0]
}

// line writes one line, if the call's budget has room for it.
func (l *Log) line(ctx context.Context, level slog.Level, line []byte) {
	if len(line) > maxLine {
		l.cut += len(line) - maxLine
		line = line[:maxLine]
	}
	if l.left < len(line)+lineCost {
		l.cut += len(line)
		return
	}
	l.left -= len(line) + lineCost
	if l.logger.Enabled(ctx, level) {
		l.logger.LogAttrs(ctx, level, l.text(line))
	}
}

// start is as much of a line as an error has room for.
func (l *Log) start(line []byte) string { return l.text(line[:min(len(line), 256)]) }

func (l *Log) text(line []byte) string {
	text := string(bytes.ToValidUTF8(line, []byte("\uFFFD")))
	if l.redact != nil {
		return l.redact(text)
	}
	return text
}
