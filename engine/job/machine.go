package job

import (
	"github.com/refold-dev/refold/domain/fsm"
)

// State is where a job is in its life.
type State string

// The states of a job.
const (
	Queued    State = "queued"    // it waits for its turn, or for an engine
	Running   State = "running"   // it is worked
	Paused    State = "paused"    // somebody holds it; what it has built stays
	Done      State = "done"      // what it has built is complete
	Failed    State = "failed"    // an error has ended it; nothing is left of it
	Cancelled State = "cancelled" // somebody has; likewise
)

// Ended reports whether nothing more becomes of a job.
func (s State) Ended() bool { return s == Done || s == Failed || s == Cancelled }

// Takes reports whether a state allows an input.
func (s State) Takes(in Input) bool { return machine.CanStep(s, in) }

// Input is what happens to a job.
type Input string

// The inputs: what operators ask for, and what becomes of the work.
const (
	Pause  Input = "pause"
	Resume Input = "resume"
	Cancel Input = "cancel"

	Start     Input = "start"     // its turn has come
	Interrupt Input = "interrupt" // of the work, which goes on later from its last checkpoint
	Finish    Input = "finish"
	Fail      Input = "fail"
)

// Machine is the machine over the states. The output of a state is what the next
// process finds of it, however this one ends.
type Machine = fsm.Moore[State, Input, State]

// machine is what jobs step on; never written to.
var machine = NewMachine()

// NewMachine builds the machine. Its table decides alone what may follow what.
func NewMachine() *Machine {
	m, err := fsm.NewMoore(fsm.MooreTable[State, Input, State]{
		Initial: Queued,
		States: []fsm.MooreState[State, State]{
			{State: Queued, Output: Queued}, {State: Running, Output: Queued}, {State: Paused, Output: Paused},
			{State: Done, Output: Done}, {State: Failed, Output: Failed}, {State: Cancelled, Output: Cancelled},
		},
		Inputs: []Input{Pause, Resume, Cancel, Start, Interrupt, Finish, Fail},
		Moves: []fsm.Move[State, Input]{
			{From: Queued, Input: Pause, To: Paused},
			{From: Running, Input: Pause, To: Paused},
			{From: Paused, Input: Resume, To: Queued},
			{From: Queued, Input: Resume, To: Queued}, // it goes on anyway
			{From: Queued, Input: Cancel, To: Cancelled},
			{From: Running, Input: Cancel, To: Cancelled},
			{From: Paused, Input: Cancel, To: Cancelled},
			{From: Cancelled, Input: Cancel, To: Cancelled},

			{From: Queued, Input: Start, To: Running},
			{From: Running, Input: Interrupt, To: Queued},
			{From: Running, Input: Finish, To: Done},
			{From: Queued, Input: Finish, To: Done}, // found to be, behind a crash
			{From: Running, Input: Fail, To: Failed},
		},
		Refusals: refusals(),
	})
	if err != nil {
		panic(err) // the table is part of the program
	}
	return m
}

// refusals are what operators may ask for in vain.
func refusals() (list []fsm.Refusal[State, Input]) {
	refuse := func(rule, reason string, in Input, from ...State) {
		for _, s := range from {
			list = append(list, fsm.Refusal[State, Input]{From: s, Input: in, Rule: rule, Reason: reason})
		}
	}
	refuse("already_paused", "there is nothing to pause", Pause, Paused)
	refuse("runs", "there is nothing to resume", Resume, Running)
	for _, in := range []Input{Pause, Resume} {
		refuse("ended", "nothing more becomes of it", in, Done, Failed, Cancelled)
	}
	refuse("ended", "nothing more becomes of it", Cancel, Done, Failed)
	return list
}
