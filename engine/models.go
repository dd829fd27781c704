package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/config"
)

// Models is how the read models of executors are compared. Without it none is.
type Models struct {
	// Scratch returns the declaration of an executor that is as another one, but keeps
	// its read model in a folder, or elsewhere until drop is called. It answers no
	// queries. The error is errors.ErrUnsupported where there is no read model to
	// compare.
	Scratch func(ctx context.Context, spec config.Executor, dir string) (scratch config.Executor, drop func(context.Context) error, err error)
	// Read reads what an executor keeps of a pipeline's generation, as it is at one
	// moment, without disturbing who writes: at is told the position, and row each row,
	// in the order of tables and keys: a key's parts have a NUL between them. It ends
	// with their first error.
	Read func(ctx context.Context, spec config.Executor, pipeline string, generation uint64, at func(event.Position) error, row func(table, key, text string) error) error
}

// scratch is the read models that a shadow makes.
type scratch struct {
	dir       *temporary
	models    []*scratchModel
	executors []Executor // of those that there are, for the shadow, which closes them
	drops     []func(context.Context) error
}

// scratchModel is one of them, and the one that it is compared with.
type scratchModel struct {
	name       string
	live, copy config.Executor
	skipped    string
	reached    event.Position // where the live one was when it was looked at last
}

// openScratch makes an empty read model for each of the executors' that can be compared.
func (v *verification) openScratch(ctx context.Context) (s *scratch, err error) {
	s = &scratch{}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("pipeline %s: making read models to compare with: %w", v.spec.Name, err), closeAll(s.executors), s.drop(context.WithoutCancel(ctx)))
		}
	}()
	if s.dir, err = newTemporary(); err != nil {
		return s, err
	}
	names := executorNames(v.spec.Executors)
	for i, spec := range v.spec.Executors {
		m := &scratchModel{name: names[i], live: spec}
		s.models = append(s.models, m)
		err := v.openModel(ctx, s, m)
		if errors.Is(err, errors.ErrUnsupported) {
			m.skipped = "it keeps no read model that can be compared"
		} else if err != nil {
			return s, err
		}
	}
	return s, nil
}

func (v *verification) openModel(ctx context.Context, s *scratch, m *scratchModel) error {
	if v.opts.Models.Scratch == nil {
		return errors.ErrUnsupported
	}
	dir, err := os.MkdirTemp(s.dir.path, "")
	if err != nil {
		return err
	}
	var drop func(context.Context) error
	if m.copy, drop, err = v.opts.Models.Scratch(ctx, m.live, dir); err != nil {
		return err
	}
	s.drops = append(s.drops, drop)
	x, err := v.opts.OpenExecutor(ctx, m.copy, v.spec.Name, v.kept.Number())
	if err == nil {
		s.executors = append(s.executors, x)
	}
	return err
}

func (s *scratch) drop(ctx context.Context) error {
	var errs []error
	for _, drop := range s.drops {
		errs = append(errs, drop(ctx))
	}
	if s.dir != nil {
		errs = append(errs, s.dir.remove())
	}
	return errors.Join(errs...)
}

// errPosition ends a reading of which only the position is wanted, errBehind one that
// is not as far as the shadow.
var (
	errPosition = errors.New("its position is known")
	errBehind   = errors.New("it is behind the others")
)

// modelPatience is how long an executor may be behind the others; modelPause is how
// long to wait before it is looked at again.
const (
	modelPatience = 30 * time.Second
	modelPause    = 20 * time.Millisecond
)

// compareModels compares the executors' read models with the shadow's, the one that is
// behind first: the shadow does not go back.
func (v *verification) compareModels(ctx context.Context) error {
	models := slices.Clone(v.scratch.models)
	for _, m := range models {
		if m.skipped != "" {
			continue
		}
		err := v.opts.Models.Read(ctx, m.live, v.spec.Name, v.kept.Number(), func(at event.Position) error {
			m.reached = at
			return errPosition
		}, nil)
		if !errors.Is(err, errPosition) {
			return fmt.Errorf("pipeline %s: reading what %s keeps: %w", v.spec.Name, m.name, err)
		}
	}
	slices.SortStableFunc(models, func(a, b *scratchModel) int { return int(int64(a.reached) - int64(b.reached)) })
	for _, m := range models {
		if err := v.compareModel(ctx, m); err != nil || v.proof.Difference != nil {
			return err
		}
	}
	return nil
}

func (v *verification) compareModel(ctx context.Context, m *scratchModel) error {
	p := ProvenModel{Executor: m.name, Skipped: m.skipped}
	var err error
	for end := time.Now().Add(modelPatience); p.Skipped == ""; {
		p, err = v.compareRows(ctx, m)
		if !errors.Is(err, errBehind) {
			break
		}
		if time.Now().After(end) {
			p.Skipped, err = fmt.Sprintf("it is behind the others, at position %d", m.reached), nil
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(modelPause):
		}
	}
	if err != nil {
		return fmt.Errorf("pipeline %s: comparing what %s keeps: %w", v.spec.Name, m.name, err)
	}
	v.proof.ReadModels = append(v.proof.ReadModels, p)
	v.proof.Position = max(v.proof.Position, p.Position)
	return nil
}

// modelRow is one row of a read model.
type modelRow struct{ table, key, text string }

// compareRows compares a read model row by row.
func (v *verification) compareRows(ctx context.Context, m *scratchModel) (p ProvenModel, err error) {
	p = ProvenModel{Executor: m.name}
	var next func() (modelRow, error, bool)
	var failed error
	stop := func() {}
	defer func() { stop() }()
	at := func(at event.Position) error {
		if m.reached = at; at < v.shadow.position() {
			return errBehind
		}
		p.Position = at
		if err := v.foldTo(ctx, at); err != nil {
			return err
		}
		next, stop = iter.Pull2(v.expectedRows(ctx, m))
		return nil
	}
	take := func() (*modelRow, error) {
		r, err, ok := next()
		if !ok || err != nil {
			return nil, err
		}
		p.Rows++
		return &r, nil
	}
	err = v.opts.Models.Read(ctx, m.live, v.spec.Name, v.kept.Number(), at, func(table, key, text string) error {
		expected, err := take()
		if err != nil {
			return err
		}
		return v.compareRow(m, p.Position, expected, &modelRow{table, key, text})
	})
	if err == nil {
		var expected *modelRow
		if expected, failed = take(); failed == nil && expected != nil {
			err = v.compareRow(m, p.Position, expected, nil)
		}
	}
	if errors.Is(err, errDiffers) {
		err = nil
	}
	return p, errors.Join(err, failed)
}

// expectedRows are those of the shadow.
func (v *verification) expectedRows(ctx context.Context, m *scratchModel) iter.Seq2[modelRow, error] {
	return func(yield func(modelRow, error) bool) {
		err := v.opts.Models.Read(ctx, m.copy, v.spec.Name, v.kept.Number(), func(at event.Position) error {
			if want := v.shadow.position(); at != want {
				return fmt.Errorf("the shadow's read model is at position %d, and not at %d", at, want)
			}
			return nil
		}, func(table, key, text string) error {
			if !yield(modelRow{table, key, text}, nil) {
				return errDiffers
			}
			return nil
		})
		if err != nil && !errors.Is(err, errDiffers) {
			yield(modelRow{}, err)
		}
	}
}

// errDiffers ends a comparison.
var errDiffers = errors.New("a row differs")

// compareRow compares two rows, of which one may not be there.
func (v *verification) compareRow(m *scratchModel, at event.Position, expected, found *modelRow) error {
	if expected != nil && found != nil && *expected == *found {
		return nil
	}
	const none = "no such row"
	d := &Difference{In: InRows, Cause: Stored, After: 0, Position: at, Executor: m.name, Expected: none, Found: none}
	of := expected
	switch {
	case expected == nil, found != nil && found.before(expected):
		of, d.Found = found, found.text
	case found == nil, expected.before(found):
		d.Expected = expected.text
	default:
		d.Expected, d.Found = expected.text, found.text
	}
	key := strings.ReplaceAll(of.key, "\x00", ", ")
	d.Table, d.Key = of.table, &key
	v.proof.Difference = d
	return errDiffers
}

func (r *modelRow) before(other *modelRow) bool {
	return r.table < other.table || r.table == other.table && r.key < other.key
}
