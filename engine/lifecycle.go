package engine

import (
	"slices"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/domain/fsm"
)

// State is where a pipeline is in its life.
type State string

// The states of a pipeline.
const (
	Declared   State = "declared"    // it has not run yet
	Loading    State = "loading"     // plugin and executors are opened
	CatchingUp State = "catching_up" // it folds what the log has
	Live       State = "live"        // it folds what the log gets
	Paused     State = "paused"      // somebody has stopped it, and nothing but a resume or a reset makes it go on
	Rebuilding State = "rebuilding"  // its read model is built, and none serves until that is done
	Faulted    State = "faulted"     // an error has stopped it; a resume, a replay or the next engine tries again
	Stopped    State = "stopped"     // no engine runs it, and the next one will
	Retired    State = "retired"     // the configuration that ran last has it no more
)

// Input is what happens to a pipeline.
type Input string

// The inputs: what operators ask for, and what the engine does or meets.
const (
	inPause  Input = "pause"
	inResume Input = "resume"
	inReplay Input = "replay" // beside the read model that serves
	inReset  Input = "reset"
	// to a generation that is kept, and of one
	inRollback Input = "rollback"
	inDiscard  Input = "discard"
	inRetry    Input = "retry" // of dead letters
	inDrop     Input = "drop"  // of dead letters

	inRedeclare Input = "redeclare" // by a configuration that has changed

	inLoad     Input = "load"
	inStart    Input = "start"
	inCaughtUp Input = "caught_up"
	inRebuild  Input = "rebuild" // where nothing serves
	inSwap     Input = "swap"    // of the read model that has been built
	inFault    Input = "fault"
	inStop     Input = "stop"
	inRetire   Input = "retire"
)

// Lifecycle is the machine over the states. The output of a state is what the
// next process finds of it, however this one ends.
type Lifecycle = fsm.Moore[State, Input, State]

// lifecycle is what pipelines step on; never written to.
var lifecycle = NewLifecycle()

// NewLifecycle builds the lifecycle machine. Its table decides alone what may
// follow what.
func NewLifecycle() *Lifecycle {
	m, err := fsm.NewMoore(fsm.MooreTable[State, Input, State]{
		Initial: Declared,
		States: []fsm.MooreState[State, State]{
			{State: Declared, Output: Declared}, {State: Loading, Output: Stopped},
			{State: CatchingUp, Output: Stopped}, {State: Live, Output: Stopped},
			{State: Paused, Output: Paused}, {State: Rebuilding, Output: Stopped},
			{State: Faulted, Output: Faulted}, {State: Stopped, Output: Stopped},
			{State: Retired, Output: Retired},
		},
		Inputs: []Input{inPause, inResume, inReplay, inRollback, inDiscard, inReset, inRetry, inDrop, inRedeclare,
			inLoad, inStart, inCaughtUp, inRebuild, inSwap, inFault, inStop, inRetire},
		Moves: slices.Concat(
			moves(inPause, Paused, Declared, Loading, CatchingUp, Live, Rebuilding, Faulted, Stopped),
			moves(inResume, Stopped, Paused, Faulted),
			stays(inReplay, Loading, CatchingUp, Live, Faulted, Stopped),
			stays(inRollback, Loading, CatchingUp, Live, Faulted, Stopped),
			stays(inDiscard, Loading, CatchingUp, Live, Paused, Faulted, Stopped),
			stays(inRetry, Loading, CatchingUp, Live, Stopped),
			stays(inDrop, Loading, CatchingUp, Live, Stopped),
			moves(inRedeclare, Stopped, Declared, Loading, CatchingUp, Live, Rebuilding, Faulted, Stopped),
			stays(inRedeclare, Paused),
			moves(inReset, Rebuilding, Loading, CatchingUp, Live, Paused, Faulted, Stopped),

			moves(inLoad, Loading, Declared, Faulted, Stopped, Retired),
			moves(inStart, CatchingUp, Loading, CatchingUp, Live, Stopped),
			moves(inCaughtUp, Live, CatchingUp),
			moves(inRebuild, Rebuilding, Loading, Rebuilding, Faulted, Stopped),
			moves(inSwap, CatchingUp, Loading, CatchingUp, Live, Rebuilding, Faulted, Stopped),
			moves(inFault, Faulted, Loading, CatchingUp, Live, Rebuilding, Faulted, Stopped),
			moves(inStop, Stopped, Loading, CatchingUp, Live, Rebuilding, Stopped),
			stays(inStop, Paused, Faulted),
			moves(inRetire, Retired, Declared, Faulted, Stopped, Retired),
			stays(inRetire, Paused), // it will be paused when the configuration has it again
		),
		Refusals: refusals(),
		Invariants: []fsm.Invariant[State]{{Name: "is_an_event_type", Check: func(s State) error {
			return event.ValidateTypeName(string(s))
		}}},
	})
	if err != nil {
		panic(err) // the table is part of the program
	}
	return m
}

// The rule that refuses what is asked of a retired pipeline.
const (
	ruleRetired = "retired"
	notDeclared = "the configuration that ran last has it no more"
)

func moves(in Input, to State, from ...State) []fsm.Move[State, Input] {
	list := make([]fsm.Move[State, Input], len(from))
	for i, s := range from {
		list[i] = fsm.Move[State, Input]{From: s, Input: in, To: to}
	}
	return list
}

func stays(in Input, states ...State) (list []fsm.Move[State, Input]) {
	for _, s := range states {
		list = append(list, moves(in, s, s)...)
	}
	return list
}

// refusals are what operators may ask for in vain.
func refusals() (list []fsm.Refusal[State, Input]) {
	refuse := func(rule, reason string, in Input, from ...State) {
		for _, s := range from {
			list = append(list, fsm.Refusal[State, Input]{From: s, Input: in, Rule: rule, Reason: reason})
		}
	}
	refuse("already_paused", "there is nothing to pause", inPause, Paused)
	refuse("not_held", "there is nothing to resume", inResume, Declared, Loading, CatchingUp, Live, Rebuilding, Stopped)
	refuse("paused", "it is replayed when it has been resumed", inReplay, Paused)
	refuse("paused", "it is rolled back when it has been resumed", inRollback, Paused)
	for _, in := range []Input{inReplay, inReset} {
		refuse("rebuilding", "its read model is being built from the log's beginning as it is", in, Rebuilding)
		refuse("never_ran", "there is nothing yet to build anew", in, Declared)
	}
	for _, in := range []Input{inRollback, inDiscard} {
		refuse("rebuilding", "its read model is being built: which ones are kept is seen to when that is done", in, Rebuilding)
		refuse("never_ran", "it has no read model yet", in, Declared)
	}
	for _, in := range []Input{inRetry, inDrop} {
		refuse("held", "its dead letters are seen to when it has been resumed", in, Paused, Faulted)
		refuse("rebuilding", "its read model is being built: the new one has dead letters of its own", in, Rebuilding)
		refuse("never_ran", "it has no dead letters yet", in, Declared)
	}
	for _, in := range []Input{inPause, inResume, inReplay, inRollback, inDiscard, inReset, inRetry, inDrop, inRedeclare} {
		refuse(ruleRetired, notDeclared, in, Retired)
	}
	return list
}

// outlives reports whether a state is still there in the next process.
func (s State) outlives() bool { return lifecycle.Output(s) == s && s != Declared && s != Stopped }

// Transition is a step of a pipeline from one state to another.
type Transition struct {
	At       time.Time `json:"time"`
	Pipeline string    `json:"pipeline"`
	From     State     `json:"from"`
	To       State     `json:"to"`
	By       Input     `json:"by"`
	// Reason is what an operator has said, or the error of a fault.
	Reason string `json:"reason,omitempty"`
}
