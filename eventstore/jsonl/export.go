package jsonl

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"iter"

	"github.com/refold-dev/refold/domain/event"
)

// Log is what Export reads: an eventstore.Log.
type Log interface {
	Head(ctx context.Context) (event.Position, error)
	Follow(ctx context.Context, after event.Position) iter.Seq2[[]event.Recorded, error]
}

// ExportOptions says what to export and how. The zero value exports the whole
// log as plain text.
type ExportOptions struct {
	// From and Through are the first and the last position to export. Through
	// is the log's last position, as it is at the start, if 0 or beyond it.
	From, Through event.Position
	// Gzip compresses the lines.
	Gzip bool
}

// Export writes events to w, one line each, and returns their number.
func Export(ctx context.Context, log Log, w io.Writer, opts ExportOptions) (int, error) {
	head, err := log.Head(ctx)
	if err != nil {
		return 0, fmt.Errorf("exporting: %w", err)
	}
	from, through := max(opts.From, 1), head
	if opts.Through > 0 {
		through = min(opts.Through, head)
	}
	buffered := bufio.NewWriterSize(w, 256<<10)
	out, finish := io.Writer(buffered), buffered.Flush
	if opts.Gzip {
		zipped := gzip.NewWriter(buffered)
		out, finish = zipped, func() error {
			if err := zipped.Close(); err != nil {
				return err
			}
			return buffered.Flush()
		}
	}
	count, err := exportRange(ctx, log, out, from, through)
	if err == nil {
		err = finish()
	}
	if err != nil {
		return count, fmt.Errorf("exporting after position %d: %w", from-1+event.Position(count), err)
	}
	return count, nil
}

func exportRange(ctx context.Context, log Log, w io.Writer, from, through event.Position) (int, error) {
	count := 0
	if from > through {
		return 0, nil
	}
	var line []byte
	for batch, err := range log.Follow(ctx, from-1) {
		if err != nil {
			return count, err
		}
		for i := range batch {
			if batch[i].Position > through {
				return count, nil
			}
			line = append(event.AppendJSON(line[:0], &batch[i].Event), '\n')
			if _, err := w.Write(line); err != nil {
				return count, err
			}
			count++
		}
		if batch[len(batch)-1].Position == through {
			return count, nil
		}
	}
	return count, ctx.Err()
}
