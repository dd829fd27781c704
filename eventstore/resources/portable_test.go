package resources_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/catalog"
	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/resources"
)

// portable are the cases that any implementation of the compute-resource domain
// has to pass, by their numbers. Those of single values and of the lifecycle's
// tables are where the package's own tests are; the name of the test is enough
// here, and that it is there is checked.
var portable = map[int]struct {
	name string
	run  func(t *testing.T)
	at   string // file:test, for a case that is tested elsewhere
}{
	1:  {name: "registration", run: caseRegister},
	2:  {name: "a second registration is refused", run: caseRegisterTwice},
	3:  {name: "an assignment before the registration is refused", run: caseAssignFirst},
	4:  {name: "a policy is listed once", run: casePolicyTwice},
	5:  {name: "an unknown policy cannot be removed", run: caseUnknownPolicy},
	6:  {name: "active does not lead to provisioning", run: caseBackToProvisioning},
	7:  {name: "the fold is the stepwise state", run: caseRefold},
	8:  {name: "the fold of nothing", run: caseFoldNothing},
	9:  {name: "metadata keep their places", run: caseMetadata},
	10: {name: "hardware details are replaced as a whole", run: caseHardware},
	11: {name: "all 16 pairs of statuses", at: "domain/compute/lifecycle_test.go:TestStatusMatrix"},
	12: {name: "all 24 cells of the lifecycle", at: "domain/compute/lifecycle_test.go:TestAll24LifecycleCells"},
	13: {name: "a refused input leaves no record", at: "domain/compute/lifecycle_test.go:TestLifecycleHistory"},
	14: {name: "readiness for production", at: "domain/compute/validate_test.go:TestValidateProductionReadiness"},
	15: {name: "the JSON of a registration", run: caseJSON},
	16: {name: "round trips of all 12 events", at: "domain/compute/golden_test.go:TestGoldenFilesAreRead"},
	17: {name: "from version 1 to 3", run: func(t *testing.T) { caseUpcast(t, 1, `{"hostname":"a.b"}`, `{"tags":[],"fqdn":"a.b"}`) }},
	18: {name: "from version 2 to the latest", run: func(t *testing.T) {
		caseUpcast(t, 2, `{"hostname":"a.b","tags":["production"]}`, `{"tags":["production"],"fqdn":"a.b"}`)
	}},
	19: {name: "a missing field", run: caseMissingField},
	20: {name: "no way back", run: caseDowngrade},
	21: {name: "expected versions", run: caseExpected},
	22: {name: "batches", run: caseBatches},
	23: {name: "reading from a version", run: caseReadFrom},
	24: {name: "correlations, and aggregates apart", run: caseApart},
	25: {name: "empty batches and unknown aggregates", run: caseEmpty},
	26: {name: "hostnames", run: caseHostnames},
	27: {name: "MAC addresses", run: caseMAC},
	28: {name: "VLANs and MTUs", run: caseVLANAndMTU},
	29: {name: "scan and merge", at: "domain/signal/discrete_test.go:TestScanAndMergeByHand"},
	30: {name: "executors that filter and collect", at: "plugins/filter:"},
}

func TestPortableCases(t *testing.T) {
	for n := 1; n <= 30; n++ {
		c := portable[n]
		t.Run(fmt.Sprintf("%d %s", n, c.name), func(t *testing.T) {
			if c.run != nil {
				c.run(t)
				return
			}
			checkElsewhere(t, c.at)
		})
	}
	if len(portable) != 30 {
		t.Errorf("%d cases", len(portable))
	}
}

// checkElsewhere makes sure that a test is where the table says.
func checkElsewhere(t *testing.T, at string) {
	path, test, _ := strings.Cut(at, ":")
	if test == "" {
		if _, err := os.Stat("../../" + path); err != nil {
			t.Skipf("belongs to %s, which is not there", path)
		}
		return
	}
	text, err := os.ReadFile("../../" + path)
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^func ` + test + `\(t \*testing\.T\)`).Match(text) {
		t.Errorf("%s has no %s", path, test)
	}
}

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

// tagged is the type of the upcasting cases: version 2 has tags, version 3 calls
// the hostname fqdn.
func tagged(t *testing.T) *catalog.Catalog {
	c, err := catalog.New(catalog.Type{
		Name: "resource_registered", Version: 3,
		Fields: []catalog.Field{{Name: "fqdn", Type: catalog.StringType}, {Name: "hostname", Presence: catalog.Forbidden}},
		Upcasters: []catalog.Upcaster{
			{From: 1, Steps: []catalog.Step{catalog.Add{Field: "tags", Default: []byte(`[]`)}}},
			{From: 2, Steps: []catalog.Step{catalog.Rename{Field: "hostname", To: "fqdn"}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func old(version uint32, data string) event.Event {
	return event.Event{ID: numbered(1), Aggregate: event.Aggregate{Type: "compute", ID: numbered(0xa0)}, Type: "resource_registered", SchemaVersion: version, Time: origin(1).Time, CorrelationID: numbered(2), Data: []byte(data)}
}

func caseUpcast(t *testing.T, version uint32, data, want string) {
	e, err := tagged(t).Upcast(old(version, data))
	var got, wanted map[string]any
	if err := errors.Join(err, json.Unmarshal(e.Data, &got), json.Unmarshal([]byte(want), &wanted)); err != nil {
		t.Fatal(err)
	}
	if e.SchemaVersion != 3 || !reflect.DeepEqual(got, wanted) {
		t.Errorf("version %d: %s, want %s", e.SchemaVersion, e.Data, want)
	}
}

func caseMissingField(t *testing.T) {
	_, err := tagged(t).Upcast(old(2, `{"tags":[]}`))
	wantError(t, err, func(e *catalog.MissingFieldError) bool { return e.Field == "hostname" })
}

func caseDowngrade(t *testing.T) {
	e := old(2, `{"hostname":"a.b","tags":[]}`)
	_, err := tagged(t).UpcastTo(e, 1)
	wantError(t, err, func(e *catalog.UnsupportedVersionError) bool { return e.From == 2 && e.To == 1 })
	same, err := tagged(t).UpcastTo(e, 2)
	if err != nil || !reflect.DeepEqual(same, e) {
		t.Errorf("%+v, %v", same, err)
	}
}

func aggregateOf(id uuid.UUID) event.Aggregate {
	return event.Aggregate{Type: compute.AggregateType, ID: id}
}

func read(t *testing.T, store *memory.Store, id uuid.UUID, from event.Version) []event.Recorded {
	t.Helper()
	events, err := store.Read(t.Context(), aggregateOf(id), from)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// appendTo appends n events of a resource's life, and returns its version.
func appendTo(t *testing.T, store *memory.Store, id uuid.UUID, expected event.Expected, n int) (event.Version, error) {
	t.Helper()
	at, err := store.Append(t.Context(), aggregateOf(id), expected, life(id, n)...)
	return at.Version, err
}

func caseExpected(t *testing.T) {
	store, id := memory.New(), numbered(0xa0)
	for n, want := range []event.Version{1, 2} {
		if v, err := appendTo(t, store, id, event.Exactly(event.Version(n)), 1); err != nil || v != want {
			t.Errorf("version %d, %v, want %d", v, err, want)
		}
	}
	_, err := appendTo(t, store, id, event.Exactly(0), 1)
	wantError(t, err, func(e *eventstore.ConflictError) bool { return e.Expected.Version() == 0 && e.Actual == 2 })
	if got := len(read(t, store, id, 1)); got != 2 {
		t.Errorf("%d events", got)
	}
}

func caseBatches(t *testing.T) {
	for i, n := range []int{10, 100, 1000} {
		store := memory.New()
		if v, err := appendTo(t, store, numbered(i), event.None(), n); err != nil || int(v) != n {
			t.Errorf("version %d, %v, want %d", v, err, n)
		}
		for j, e := range read(t, store, numbered(i), 1) {
			if int(e.Version) != j+1 {
				t.Fatalf("event %d has version %d", j+1, e.Version)
			}
		}
	}
	store, id := memory.New(), numbered(0xa0)
	for want := 10; want <= 50; want += 10 {
		if v, err := appendTo(t, store, id, event.Exactly(event.Version(want-10)), 10); err != nil || int(v) != want {
			t.Errorf("version %d, %v, want %d", v, err, want)
		}
	}
}

func caseReadFrom(t *testing.T) {
	store, id := memory.New(), numbered(0xa0)
	if _, err := appendTo(t, store, id, event.None(), 10); err != nil {
		t.Fatal(err)
	}
	events := read(t, store, id, 5)
	if len(events) != 6 || events[0].Version != 5 || events[5].Version != 10 {
		t.Errorf("%d events", len(events))
	}
}

func caseApart(t *testing.T) {
	store := memory.New()
	for n := range 10 {
		if _, err := appendTo(t, store, numbered(0xa0+n), event.None(), 5); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 10 {
		if got := len(read(t, store, numbered(0xa0+n), 1)); got != 5 {
			t.Errorf("aggregate %d has %d events", n, got)
		}
	}
	s := resources.New(store, resources.Options{})
	for n := range 3 {
		c := registration(t, 0x200+n, "a.b")
		c.CorrelationID = numbered(0xc1)
		if _, err := s.RegisterResource(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if found, err := store.ReadCorrelation(t.Context(), numbered(0xc1)); err != nil || len(found) != 3 {
		t.Errorf("%d events, %v", len(found), err)
	}
}

func caseEmpty(t *testing.T) {
	store, id := memory.New(), numbered(0xa0)
	if v, err := appendTo(t, store, id, event.Any(), 0); err != nil || v != 0 {
		t.Errorf("version %d, %v", v, err)
	}
	v, err := store.Version(t.Context(), aggregateOf(id))
	if got := read(t, store, id, 1); len(got) != 0 || v != 0 || err != nil {
		t.Errorf("%d events, version %d, %v", len(got), v, err)
	}
}

func caseHostnames(t *testing.T) {
	label := strings.Repeat("x", 63)
	for text, want := range map[string]bool{
		"localhost": true, "a.b": true, label + ".b": true, "web.123.com": true,
		"": false, "-x": false, "x-": false, "x..y": false, "x_.com": false, "123": false, label + "x": false,
		strings.Repeat("abcdefghi.", 25) + "abcde": false,
	} {
		if _, err := compute.ParseHostname(text); (err == nil) != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func caseMAC(t *testing.T) {
	want, err := compute.ParseMAC("01:00:5e:00:00:fb")
	if err != nil || !want.IsMulticast() {
		t.Errorf("%v, %v", want, err)
	}
	for _, text := range []string{"01-00-5E-00-00-FB", "01005e0000fb"} {
		if got, err := compute.ParseMAC(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

func caseVLANAndMTU(t *testing.T) {
	for id, want := range map[int]bool{0: false, 4095: false, 100: true} {
		if _, err := compute.NewVLAN(id); (err == nil) != want {
			t.Errorf("VLAN %d: %v", id, err)
		}
	}
	for size, want := range map[int]bool{67: false, 68: true, 9000: true, 9001: false} {
		if _, err := compute.NewMTU(size); (err == nil) != want {
			t.Errorf("MTU %d: %v", size, err)
		}
	}
}
