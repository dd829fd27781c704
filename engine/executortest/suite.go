package executortest

import (
	"testing"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/engine"
)

// Suite is what an executor brings to its conformance tests.
type Suite struct {
	Features Features
	// New makes an empty store, and cleans it up when the test ends.
	New func(t *testing.T) Store
}

// Features say what an executor promises beyond the interface.
type Features struct {
	// Transactional executors commit a batch's effects and its position
	// together, and fence off those opened before them.
	Transactional bool
	// Rows are kept: Insert, Update and Delete are handled.
	Rows bool
	// Schema says that the tables' columns are declared: an effect that fits none
	// condemns itself.
	Schema bool
	// Idempotent executors without transactions know an effect by its id: handed in
	// again, it changes nothing where it has been performed.
	Idempotent bool
	// Generations are built beside the active one.
	Generations bool
	// Keeps says that generations stay which are not active: see engine.Keeper.
	Keeps bool
	// Queries are answered, in SQL: see engine.Querier. An answer has at most 100 rows
	// and 10,000 bytes, and takes a second at most.
	Queries bool
}

// Store is one place that executors write to.
type Store struct {
	// Open opens an executor; a generation that is open already is taken over.
	Open func(pipeline string, generation uint64) (engine.Executor, error)
	// Rows are what readers see in a table: each row as a JSON object by its
	// key, written as in effect.Effect. Needed with the feature Rows.
	Rows func(t *testing.T, table string) map[string]string
	// Effect makes an effect that the executor performs, and that Performed knows by
	// its mark. Nil stands for an Insert into accounts with the mark as id, and needs
	// the feature Rows.
	Effect func(mark string) effect.Effect
	// Performed are the marks of Effect's effects, in the order in which they have
	// been performed, each as often as it has been. Nil says that this does not show.
	Performed func(t *testing.T) []string
	// Provoke makes executors that are open fail, in each way in which they can.
	Provoke map[Failure]func(t *testing.T) Provoked
	// Check verifies the store's integrity; it may be nil.
	Check func(t *testing.T)
}

// Failure says what can be done about an error: see engine.Executor.
type Failure string

// The ways to fail.
const (
	Retryable Failure = "retryable"
	Poison    Failure = "poison"
	Fatal     Failure = "fatal"
)

// Failing is the mark of the effect that fails, of three in a batch, if not all do.
const Failing = "failing"

// Provoked is a failure that has been brought about.
type Provoked struct {
	// Effect fails in the place of that marked Failing; without a kind, that does.
	Effect effect.Effect
	// Mend ends a failure that is not Poison; nil says that nothing does.
	Mend func()
}

type requirement struct {
	met    bool
	reason string
}

// Run runs all cases.
func Run(t *testing.T, s Suite) {
	rows := requirement{s.Features.Rows, "the executor keeps no rows"}
	schema := requirement{s.Features.Schema, "the executor has no schema"}
	once := requirement{s.Features.Transactional || s.Features.Idempotent, "the executor neither is transactional nor knows effects by their ids"}
	transactional := requirement{s.Features.Transactional, "the executor is not transactional"}
	generations := requirement{s.Features.Generations, "the executor has no generations"}
	keeps := requirement{s.Features.Keeps, "the executor keeps no generation but the active one"}
	queries := requirement{s.Features.Queries, "the executor answers no queries"}
	for _, c := range []struct {
		name  string
		run   func(*testing.T, *bench)
		needs []requirement
	}{
		{"position is told by transactional executors only", positionTold, nil},
		{"kinds not handled are passed over", passedOver, nil},
		{"closing twice is fine", closedTwice, nil},
		{"activating twice is fine", activatedTwice, nil},
		{"a cancelled context is an error", cancelledBefore, nil},

		{"effects happen in order", inOrder, []requirement{rows}},
		{"a key may have several columns", compositeKeys, []requirement{rows}},
		{"an effect that fits no row condemns itself", poison, []requirement{rows, schema}},
		{"how events are batched does not matter", anyBatching, []requirement{rows}},

		{"marked effects happen once and in order", inOrderOnce, nil},
		{"a marked effect again changes nothing", repeatedOnce, []requirement{once}},
		{"cancelled half-way, a prefix is performed", cancelledPrefix, nil},
		{"an error that passes says so", fails(Retryable), nil},
		{"an error that condemns an effect says so", fails(Poison), nil},
		{"an error that neither passes nor condemns says neither", fails(Fatal), nil},

		{"a batch with a bad row leaves nothing", allOrNothing, []requirement{rows, transactional}},
		{"a batch again changes nothing", repeated, []requirement{rows, once}},
		{"what overlaps is performed once", overlapping, []requirement{rows, once}},
		{"late effects are performed where the position is", late, []requirement{rows}},
		{"a gap is refused", gapRefused, []requirement{rows, transactional}},
		{"any batches leave what effect by effect leaves", equalsNaive, []requirement{rows, transactional}},
		{"a batch without effects moves the position", emptyBatch, []requirement{transactional}},
		{"position and rows survive reopening", reopened, []requirement{rows, transactional}},
		{"a batch of another generation is refused", misdirected, []requirement{transactional}},
		{"cancelled half-way, all or nothing", cancelledHalfway, []requirement{rows, transactional}},
		{"a second opening fences off the first", fenced, []requirement{rows, transactional}},
		{"a fenced executor neither activates nor discards", fencedLifecycle, []requirement{transactional, generations}},

		{"a query is answered from the rows", answered, []requirement{rows, queries}},
		{"a query changes nothing, whatever it asks", harmlessQueries, []requirement{rows, queries}},
		{"an answer keeps to its bounds", boundedQueries, []requirement{rows, queries}},
		{"a fenced executor's query is nobody's fault", fencedQuery, []requirement{rows, queries, transactional, generations}},
		{"a generation is asked about its own rows", askedOfItsOwn, []requirement{rows, queries, generations}},

		{"a generation is built unseen and then activated", activated, []requirement{rows, generations}},
		{"a discarded generation leaves no trace", discarded, []requirement{rows, generations}},
		{"the active generation is not discarded", activeKept, []requirement{rows, generations}},
		{"a replaced generation is fenced off", replaced, []requirement{rows, transactional, generations}},
		{"a replaced generation is folded on unseen and activated again", activatedBack, []requirement{rows, generations, keeps}},
		{"a replaced generation is discarded", keptDiscarded, []requirement{rows, generations, keeps}},
		{"what is not retained goes", retained, []requirement{rows, generations, keeps}},
		{"a build goes on after reopening", buildReopened, []requirement{rows, transactional, generations}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, need := range c.needs {
				if !need.met {
					t.Skip(need.reason)
				}
			}
			c.run(t, newBench(t, s))
		})
	}
}
