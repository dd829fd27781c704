package resources_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/resources"
)

// start is a service with a registered resource, and its store.
func start(t *testing.T) (*resources.Service, *memory.Store, uuid.UUID) {
	store := memory.New()
	s := resources.New(store, resources.Options{})
	return s, store, register(t, s, 1, "server01.example.com")
}

func wantError[E error](t *testing.T, err error, want func(E) bool) {
	t.Helper()
	var got E
	if !errors.As(err, &got) || want != nil && !want(got) {
		t.Errorf("error %v is not the %T wanted", err, got)
	}
}

func caseRegister(t *testing.T) {
	s, store, id := start(t)
	e := read(t, store, id, 1)[0]
	if e.Type != "resource_registered" || e.SchemaVersion != 1 || e.CausationID.Valid {
		t.Errorf("event %+v", e)
	}
	if state, err := s.Get(t.Context(), id); err != nil || state.Status != compute.Provisioning || !state.CreatedAt.Equal(origin(1).Time) {
		t.Errorf("%+v, %v", state, err)
	}
}

func caseRegisterTwice(t *testing.T) {
	s, _, id := start(t)
	state, err := s.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	_, err = compute.Handle(state, registration(t, 2, "server01.example.com"))
	wantError(t, err, func(e *compute.AlreadyInitializedError) bool { return e.ID == id })
}

func caseAssignFirst(t *testing.T) {
	c := compute.AssignOrganization{Origin: origin(2), OrganizationID: compute.OrganizationID{UUID: numbered(0x101)}}
	_, err := compute.Handle(compute.Empty(numbered(0xa0)), c)
	wantError[*compute.NotInitializedError](t, err, nil)
	s, _, _ := start(t)
	_, err = s.AssignOrganization(t.Context(), numbered(0xa0), c)
	wantError(t, err, func(e *resources.NotFoundError) bool { return e.ID == numbered(0xa0) })
}

func casePolicyTwice(t *testing.T) {
	s, _, id := start(t)
	policy := compute.PolicyID{UUID: numbered(0x104)}
	if _, err := s.AddPolicy(t.Context(), id, compute.AddPolicy{Origin: origin(2), PolicyID: policy}); err != nil {
		t.Fatal(err)
	}
	out, err := s.AddPolicy(t.Context(), id, compute.AddPolicy{Origin: origin(3), PolicyID: policy})
	wantError(t, err, func(e *compute.PolicyAlreadyAddedError) bool { return e.Policy == policy })
	if len(out.State.PolicyIDs) != 1 {
		t.Errorf("policies %v", out.State.PolicyIDs)
	}
}

func caseUnknownPolicy(t *testing.T) {
	s, _, id := start(t)
	_, err := s.RemovePolicy(t.Context(), id, compute.RemovePolicy{Origin: origin(2), PolicyID: compute.PolicyID{UUID: numbered(0x104)}})
	wantError[*compute.PolicyNotFoundError](t, err, nil)
}

func caseBackToProvisioning(t *testing.T) {
	s, _, id := start(t)
	if _, err := s.ChangeStatus(t.Context(), id, compute.ChangeStatus{Origin: origin(2), ToStatus: compute.Active}); err != nil {
		t.Fatal(err)
	}
	_, err := s.ChangeStatus(t.Context(), id, compute.ChangeStatus{Origin: origin(3), ToStatus: compute.Provisioning})
	wantError(t, err, func(e *compute.InvalidStatusTransitionError) bool {
		return e.From == compute.Active && e.To == compute.Provisioning
	})
}

func caseRefold(t *testing.T) {
	s, store, id := start(t)
	for i, command := range []method{commands()[0], commands()[3]} {
		if _, err := command(s, t.Context(), id, i+2); err != nil {
			t.Fatal(err)
		}
	}
	out, err := s.ChangeStatus(t.Context(), id, compute.ChangeStatus{Origin: origin(9), ToStatus: compute.Active})
	if err != nil {
		t.Fatal(err)
	}
	var events []compute.Event
	for _, r := range read(t, store, id, 1) {
		e, err := compute.FromEvent(r.Event)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	if folded := compute.Fold(id, events...); !reflect.DeepEqual(folded, out.State) || len(events) != 4 {
		t.Errorf("folded %+v, stepwise %+v", folded, out.State)
	}
}

func caseFoldNothing(t *testing.T) {
	s := compute.Fold(numbered(0xa0))
	if s.Initialized() || s.Status != compute.Provisioning || !s.OrganizationID.IsZero() {
		t.Errorf("%+v", s)
	}
}

func caseMetadata(t *testing.T) {
	s, _, id := start(t)
	var state compute.State
	for i, kv := range [][2]string{{"k", "a"}, {"j", "b"}, {"k", "c"}} {
		out, err := s.UpdateMetadata(t.Context(), id, compute.UpdateMetadata{Origin: origin(2 + i), Key: kv[0], Value: kv[1]})
		if err != nil {
			t.Fatal(err)
		}
		state = out.State
	}
	if want := []compute.MetadataEntry{{Key: "k", Value: "c"}, {Key: "j", Value: "b"}}; !reflect.DeepEqual(state.Metadata, want) {
		t.Errorf("%v, want %v", state.Metadata, want)
	}
}

func caseHardware(t *testing.T) {
	s, _, id := start(t)
	var state compute.State
	for i, h := range []compute.HardwareDetails{{Manufacturer: new("Acme"), Model: new("X1"), SerialNumber: new("42")}, {Model: new("X2")}} {
		out, err := s.SetHardwareDetails(t.Context(), id, compute.SetHardwareDetails{Origin: origin(2 + i), HardwareDetails: h})
		if err != nil {
			t.Fatal(err)
		}
		state = out.State
	}
	if state.Manufacturer != nil || state.SerialNumber != nil || *state.Model != "X2" {
		t.Errorf("%+v", state.Hardware())
	}
}

func caseJSON(t *testing.T) {
	d, err := compute.Handle(compute.Empty(numbered(0xa0)), registration(t, 1, "server01.example.com"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(compute.Envelope{Event: d.Event})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		AggregateType string         `json:"aggregate_type"`
		Event         map[string]any `json:"event"`
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	cause, present := got.Event["causation_id"]
	if got.AggregateType != "compute_resource" || got.Event["type"] != "resource_registered" || cause != nil || !present {
		t.Errorf("%s", text)
	}
}
