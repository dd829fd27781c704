package jsonl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/catalog"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// Importer is what Import fills: an eventstore.Bulk.
type Importer interface {
	Add(ctx context.Context, e event.Event) (added bool, err error)
	Flush(ctx context.Context) error
}

// Options says how to import.
type Options struct {
	// SkipBad passes over bad lines and lists them in the report.
	SkipBad bool
	// Progress is called from time to time, at least every 1000 lines, and at
	// the end. It may be nil.
	Progress func(Report)
}

const progressEvery = 1000

// MaxBadLines is how many bad lines a report lists; it counts all of them.
const MaxBadLines = 100

// Report says what an import has done so far.
type Report struct {
	Lines      int // read, empty and bad ones included
	Stored     int // events new to the log
	Duplicates int // events that the log, or an earlier line, had already
	Bad        int // bad lines passed over
	BadLines   []*LineError
}

// LineError is a line that is no event, or at which the input broke off.
type LineError struct {
	Line int // 1-based
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

func (e *LineError) Unwrap() error { return e.Err }

// Import reads events from r into the importer and flushes it. A *LineError is
// the input's fault; the events on the lines before are stored then. After any
// other error importing the same input again is safe. The report counts what
// has been done also when there is an error.
func Import(ctx context.Context, r io.Reader, into Importer, opts Options) (Report, error) {
	im := importer{into: into, opts: opts}
	bad := im.run(ctx, r)
	var line *LineError
	if bad == nil || errors.As(bad, &line) {
		if err := into.Flush(ctx); err != nil {
			return im.report, fmt.Errorf("importing up to line %d: %w", im.report.Lines, err)
		}
	}
	im.progress()
	return im.report, bad
}

type importer struct {
	into   Importer
	opts   Options
	report Report
}

func (im *importer) run(ctx context.Context, r io.Reader) error {
	in, err := newLines(r)
	if err != nil {
		return &LineError{1, err}
	}
	for {
		line, err := in.next()
		im.report.Lines = in.number
		tooLong := (*LongLineError)(nil)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &tooLong):
		case err != nil:
			return &LineError{in.number, err}
		}
		if err == nil {
			err = im.take(ctx, line)
		}
		if err = im.judge(in.number, err); err != nil {
			return err
		}
		if in.number%progressEvery == 0 {
			im.progress()
		}
	}
}

// storeError is an error of the importer, as opposed to one of a line.
type storeError struct{ error }

// take imports the event of one line.
func (im *importer) take(ctx context.Context, line []byte) error {
	if len(bytes.TrimSpace(line)) == 0 {
		return nil
	}
	if !utf8.Valid(line) {
		return errors.New("the line is not valid UTF-8")
	}
	e, err := event.ParseJSON(line)
	if err != nil {
		return err
	}
	added, err := im.into.Add(ctx, e)
	switch {
	case blamesEvent(err, e.ID):
		return err
	case err != nil:
		return storeError{err}
	case added:
		im.report.Stored++
	default:
		im.report.Duplicates++
	}
	return nil
}

// blamesEvent reports whether a store refuses the event itself, as opposed to
// being unable to store any.
func blamesEvent(err error, id uuid.UUID) bool {
	var tooLarge *eventstore.TooLargeError
	var newer *catalog.NewerSchemaError
	var unknown *catalog.UnknownTypeError
	var taken *eventstore.DuplicateIDError
	return errors.As(err, &tooLarge) || errors.As(err, &newer) || errors.As(err, &unknown) ||
		errors.As(err, &taken) && taken.ID == id // another's is that of an import that is over
}

// judge returns the error with which a line ends the import, nil to go on.
func (im *importer) judge(number int, err error) error {
	if err == nil {
		return nil
	}
	var failed storeError
	if errors.As(err, &failed) {
		return fmt.Errorf("importing line %d: %w", number, failed.error)
	}
	bad := &LineError{number, err}
	if !im.opts.SkipBad {
		return bad
	}
	if im.report.Bad++; len(im.report.BadLines) < MaxBadLines {
		im.report.BadLines = append(im.report.BadLines, bad)
	}
	return nil
}

func (im *importer) progress() {
	if im.opts.Progress != nil {
		im.opts.Progress(im.report)
	}
}
