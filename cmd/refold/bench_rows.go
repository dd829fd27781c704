package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/delivery"
	"github.com/refold-dev/refold/plugins/rows"
)

// What a fold hands on at once, how much of that is under way, as in an engine, and
// what by hand is a transaction: as much as an engine makes one of.
const (
	rowsPerBatch       = 1024
	batchesAhead       = 64
	rowsPerTransaction = 16_384
)

// account is a row. The ids come in no order, each once.
type account struct {
	ID      string `json:"id"`
	Owner   string `json:"owner"`
	Balance int64  `json:"balance"`
}

func accountsTable() rows.Table {
	return rows.Table{
		Name:       "accounts",
		Columns:    []rows.Column{{Name: "id", Type: rows.Text}, {Name: "owner", Type: rows.Text}, {Name: "balance", Type: rows.Integer}},
		PrimaryKey: []string{"id"},
	}
}

// accounts are rows from the first on.
func accounts(first, n int) []account {
	list := make([]account, n)
	for i := range list {
		number := first + i + 1
		list[i] = account{ID: fmt.Sprintf("%016x", uint64(number)*0x9e3779b97f4a7c15), Owner: "somebody's name", Balance: int64(number)}
	}
	return list
}

// accountEffects are a batch of rows as a projection gives them.
func accountEffects(batch int) (effect.Batch, error) {
	after := event.Position(batch * rowsPerBatch)
	out := effect.Batch{Pipeline: "bench", Generation: 1, After: after, Through: after + rowsPerBatch}
	for i, row := range accounts(batch*rowsPerBatch, rowsPerBatch) {
		body, err := json.Marshal(row)
		if err != nil {
			return effect.Batch{}, err
		}
		out.Effects = append(out.Effects, effect.Effect{Kind: effect.Insert, Cause: after + event.Position(i) + 1, Name: "accounts", Body: body})
	}
	return out, nil
}

// joiningExecutor is one that performs what lies ready as one batch.
type joiningExecutor interface {
	delivery.Executor
	Joins() bool
}

// deliverRows has an executor perform batches the way that an engine does once it has
// folded them: behind an outlet, with the next ones in its queue.
func deliverRows(ctx context.Context, x joiningExecutor, batches int) (took time.Duration, err error) {
	parcels := make([]delivery.Parcel, batches)
	for i := range parcels {
		b, err := accountEffects(i)
		if err != nil {
			return 0, err
		}
		parcels[i].Fill(b)
	}
	outlet := delivery.NewOutlet("bench", x, delivery.Policy{}, 0, time.Now)
	if x.Joins() {
		outlet.JoinBatches()
	}
	d := delivery.NewDispatch(ctx, []*delivery.Outlet{outlet})
	defer d.Stop()
	start := time.Now()
	for sent, done := 0, 0; done < batches; {
		for ; sent < min(batches, done+batchesAhead); sent++ {
			d.Send(&parcels[sent])
		}
		select {
		case <-d.Progress():
		case <-d.Failed():
			return 0, d.Err()
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
		for done < sent && parcels[done].Done() {
			done++
		}
	}
	return time.Since(start), nil
}

// byHand writes the same rows, which are at hand, a transaction after the other, in
// the order of the key.
func byHand(ctx context.Context, batches int, write func(context.Context, []account) error) (took time.Duration, err error) {
	total := batches * rowsPerBatch
	for first := 0; first < total; first += rowsPerTransaction {
		list := accounts(first, min(rowsPerTransaction, total-first))
		start := time.Now()
		slices.SortFunc(list, func(a, b account) int { return cmp.Compare(a.ID, b.ID) })
		if err := write(ctx, list); err != nil {
			return 0, err
		}
		took += time.Since(start)
	}
	return took, nil
}
