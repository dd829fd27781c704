package file

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/claim"
)

// linesTable is what the lines are told as the rows of.
const linesTable = "lines"

// Read reads a generation's lines as they are at one moment, and fences nobody off: at
// is told the generation's position, then row every line, with its number as the key. It
// ends with the first error of at and of row. Where finished files are thrown away, the
// error is errors.ErrUnsupported.
func Read(ctx context.Context, cfg Config, pipeline string, generation uint64, at func(event.Position) error, row func(table, key, text string) error) error {
	if cfg.Keep > 0 {
		return fmt.Errorf("read %s, which keeps %d finished files only: %w", cfg.Folder, cfg.Keep, errors.ErrUnsupported)
	}
	c, err := claim.New(pipeline, generation)
	if err != nil {
		return err
	}
	path, err := filepath.Abs(cfg.Folder)
	if err != nil {
		return err
	}
	d := folder(path)
	l, err := d.readLedger(pipeline)
	if err != nil {
		return err
	}
	m, ok := l.Generations[c.Generation]
	if !ok {
		return fmt.Errorf("read %s: it has no generation %d", cfg.Folder, generation)
	}
	if err := at(m.Position); err != nil {
		return err
	}
	return shelf(d.path(generationName(c.Generation))).read(ctx, m, row)
}

// read tells the lines up to a mark.
func (s shelf) read(ctx context.Context, m mark, row func(table, key, text string) error) error {
	number := 0
	for file := 1; file <= m.File; file++ {
		f, err := os.Open(s.path(file))
		if err != nil {
			return err
		}
		var from io.Reader = f
		if file == m.File {
			from = io.LimitReader(f, m.Length)
		}
		err = eachLine(ctx, from, func(text string) error {
			number++
			return row(linesTable, fmt.Sprintf("%020d", number), text)
		})
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}

func eachLine(ctx context.Context, from io.Reader, line func(text string) error) error {
	for r := bufio.NewReader(from); ; {
		text, err := r.ReadString('\n')
		if len(text) > 0 {
			if err := errors.Join(ctx.Err(), line(strings.TrimSuffix(text, "\n"))); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
