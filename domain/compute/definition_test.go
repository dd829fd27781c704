package compute_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
)

// TestWarningsReachACallerWhoRecords: Handle, then Record, as a service does
// that shows the decision to people.
func TestWarningsReachACallerWhoRecords(t *testing.T) {
	def := compute.Definition()
	active := inStatus(t, compute.Active)
	in := aggregate.Instance[compute.State]{ID: resourceID, Version: active.Version, State: active}
	d, err := compute.Handle(in.State, compute.ChangeStatus{Origin: origin(10), ToStatus: compute.Decommissioned})
	if err != nil {
		t.Fatal(err)
	}
	commit, err := def.Record(in, d.Events()...)
	if err != nil {
		t.Fatal(err)
	}
	want := header(10).Event("compute", "status_changed", 1, []byte(`{"from_status":"active","to_status":"decommissioned"}`))
	if diff := cmp.Diff([]event.Event{want}, commit.Events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if commit.Expected != event.Exactly(2) || commit.After.State.Status != compute.Decommissioned || !d.Output.Critical {
		t.Errorf("commit %+v, output %+v", commit, d.Output)
	}
}

func TestReplayRefusesForeignEvents(t *testing.T) {
	def := compute.Definition()
	first := event.Recorded{Event: header(1).Event("compute", "account_concept_cleared", 1, []byte(`{}`)), Position: 9, Version: 1}
	_, err := def.Replay(def.New(numbered(0xb0)), first)
	var replay *aggregate.ReplayError
	var foreign *aggregate.ForeignEventError
	if !errors.As(err, &replay) || replay.Position != 9 || !errors.As(err, &foreign) {
		t.Errorf("error = %v, want a foreign event at position 9", err)
	}
}

func TestExecuteReturnsCommandErrors(t *testing.T) {
	def := compute.Definition()
	_, err := def.Execute(def.New(resourceID), compute.ClearAccountConcept{Origin: origin(1)})
	var want *compute.NotInitializedError
	if !errors.As(err, &want) {
		t.Errorf("error = %v, want not initialised", err)
	}
}
