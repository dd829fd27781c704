package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/claim"
	"github.com/refold-dev/refold/plugins/rows"
)

// Executor maintains the tables of one generation of one pipeline. It is for one
// goroutine.
type Executor struct {
	session *session
	claim   claim.Claim
	// attempted is where the last commit was to lead to, if it is not known whether
	// it has.
	attempted      event.Position
	serving        int64 // the active generation, as far as is known
	active         bool
	closed         bool
	existingTables bool
	leastLoad      int // from how many whole rows on those that are new are copied
	model          *rows.Model
	tables         []*table

	queries *rows.Queries // nil: Query effects are not answered
	reader  *session      // for them; nil before the first
}

func newExecutor(s *session, cfg Config, c claim.Claim) *Executor {
	e := &Executor{session: s, claim: c, existingTables: cfg.ExistingTables, leastLoad: leastLoad, model: rows.NewModel(cfg.Tables, &dialect)}
	for _, w := range e.model.Tables {
		e.tables = append(e.tables, &table{Writes: w})
	}
	if cfg.Queries != nil {
		bounds := cfg.Queries.WithDefaults()
		e.queries = &bounds
	}
	return e
}

// Handles reports whether k writes rows, or asks for them where that is answered.
func (e *Executor) Handles(k effect.Kind) bool {
	return rows.Handles(k) || k == effect.Query && e.queries != nil
}

// Position is the position through which effects are committed, as far as is known;
// ok is always true.
func (e *Executor) Position() (p event.Position, ok bool) { return e.claim.Position, true }

// Joins reports that several batches are better performed as one: each waits for the
// disk.
func (e *Executor) Joins() bool { return true }

// Prepare decodes the rows of a batch that is likely to be executed soon, while the
// server is at work. It may be called beside any other method.
func (e *Executor) Prepare(effects []effect.Effect) { e.model.Prepare(effects) }

// Active reports whether readers see the tables. It is what this executor found or
// brought about: another generation that replaces this one shows only as a
// [*claim.FencedError].
func (e *Executor) Active() bool { return e.active }

// Execute commits the batch's rows and its Through as the position, or nothing.
// Effects at or below the position are skipped. Errors are [*rows.RowError],
// [*claim.GapError], [*claim.FencedError], [claim.ErrClosed], that of ctx, an
// [effect.RetryError] for what passes, or those of the database; after any of them
// the executor may be used again.
//
// Where a connection is lost during the commit the error is a RetryError, and the
// next call finds out what has become of it.
func (e *Executor) Execute(ctx context.Context, b effect.Batch) error {
	if err := e.ready(ctx); err != nil {
		return e.executing(b, err)
	}
	if err := e.claim.Connects(b); err != nil {
		return err
	}
	through, due := e.claim.Through(b)
	if !due {
		return nil
	}
	defer e.model.Clear()
	if err := e.model.Gather(b, e.claim.Position); err != nil {
		return err
	}
	if !e.existingTables { // where what a database makes of new rows may depend on their order
		for _, t := range e.tables {
			t.SortByKey()
		}
	}
	err := e.commit(ctx, through, e.write)
	if _, refused := refuses(err); refused {
		e.doubt()
		err = e.commit(ctx, through, func(ctx context.Context) error { return e.oneByOne(ctx, b) })
	}
	return e.executing(b, err)
}

// write performs the batch's writes.
func (e *Executor) write(ctx context.Context) error {
	if !e.existingTables { // whose order may matter
		for _, t := range e.tables {
			if err := e.session.load(ctx, t, e.leastLoad); err != nil {
				return err
			}
		}
	}
	_, err := e.session.run(ctx, pipelineOf(e.tables))
	return err
}

// doubt takes back what is thought to be known of the tables' rows: somebody else may
// have written some, and effects that are performed one by one are not remembered.
func (e *Executor) doubt() {
	for _, t := range e.tables {
		t.seen = nil
	}
}

func (e *Executor) executing(b effect.Batch, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("write pipeline %s, generation %d, positions %d to %d: %w",
		e.claim.Pipeline, e.claim.Generation, e.claim.Position+1, b.Through, err)
}

// ready sees to it that there is a connection. A new one finds out what the one
// before it has left.
func (e *Executor) ready(ctx context.Context) error {
	if e.closed {
		return claim.ErrClosed
	}
	anew, err := e.session.connected(ctx)
	if err != nil || !anew {
		return err
	}
	err = e.session.within(ctx, e.resume)
	if err != nil {
		// The next call is to look again.
		_ = e.session.close(ctx)
	}
	return err
}

// resume holds what this executor knows against the checkpoint, which is this
// executor's if nobody else has taken it over.
func (e *Executor) resume(ctx context.Context) error {
	found, exists, err := e.session.checkpointOf(ctx, &e.claim)
	if err != nil {
		return err
	}
	if exists && found.Epoch == e.claim.Epoch && found.Position == int64(e.attempted) {
		e.claim.Position = e.attempted
	}
	if err := e.claim.FencedBy(found.Checkpoint, exists); err != nil {
		return err
	}
	e.active = found.Active
	e.nameTables()
	return nil
}

// commit moves the position, writes, and commits both.
func (e *Executor) commit(ctx context.Context, through event.Position, write func(ctx context.Context) error) error {
	e.attempted = through
	err := e.session.withinFrom(ctx, e.advance(through), func(ctx context.Context, changed []int) error {
		if moved := changed[len(changed)-1]; moved != 1 {
			return e.notMoved(ctx, moved)
		}
		return write(ctx)
	})
	if err == nil {
		e.claim.Position = through
	}
	return err
}

// advance begins a transaction and moves the position, if this executor is still
// the one to write.
func (e *Executor) advance(through event.Position) *pipeline {
	p := begin()
	number := func(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }
	text, integer := storages[rows.Text].oid, storages[rows.Integer].oid
	p.add("", `UPDATE `+e.session.name(checkpoints)+` SET position = $1
			WHERE pipeline = $2 AND generation = $3 AND epoch = $4 AND position = $5`,
		[][]byte{number(int64(through)), []byte(e.claim.Pipeline), number(e.claim.Generation), number(e.claim.Epoch), number(int64(e.claim.Position))},
		[]uint32{integer, text, integer, integer, integer})
	return p
}

// notMoved is why.
func (e *Executor) notMoved(ctx context.Context, moved int) error {
	found, exists, err := e.session.checkpointOf(ctx, &e.claim)
	if err == nil {
		err = e.claim.FencedBy(found.Checkpoint, exists)
	}
	if err == nil {
		err = fmt.Errorf("move the position: %d checkpoints changed", moved)
	}
	return err
}

// Close releases the connection. Closing twice is fine.
func (e *Executor) Close() error {
	if e.closed {
		return nil
	}
	e.closed = true
	err := e.session.close(context.Background())
	if e.reader != nil {
		err = errors.Join(err, e.reader.close(context.Background()))
	}
	if err != nil {
		return fmt.Errorf("close the executor of pipeline %s: %w", e.claim.Pipeline, err)
	}
	return nil
}
