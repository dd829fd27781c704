package compute_test

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
)

// model is a resource under random commands, beside the log that they leave.
type model struct {
	def      aggregate.Definition[compute.State, compute.Command, compute.Event]
	instance aggregate.Instance[compute.State]
	log      []event.Recorded
	last     compute.Command // that was accepted
	commands int
}

// TestAggregateUnderRandomCommands drives the aggregate through its definition,
// as a repository does.
func TestAggregateUnderRandomCommands(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{def: compute.Definition()}
		m.instance = m.def.New(resourceID)
		t.Repeat(map[string]func(*rapid.T){
			"":         m.check,
			"command":  m.command,
			"register": m.register,
			"status":   m.status,
			"repeat":   m.repeat,
		})
	})
}

func (m *model) next() int { m.commands++; return m.commands }

func (m *model) command(t *rapid.T) { m.execute(t, drawCommand(t, m.next())) }

func (m *model) register(t *rapid.T) {
	o := origin(m.next())
	m.execute(t, compute.RegisterResource{EventID: o.EventID, Time: o.Time, CorrelationID: o.CorrelationID, Hostname: drawHostname(t)})
}

// status keeps to changes that are allowed, so that runs live long.
func (m *model) status(t *rapid.T) {
	to := rapid.SampledFrom([]compute.Status{compute.Active, compute.Maintenance}).Draw(t, "to")
	m.execute(t, compute.ChangeStatus{Origin: origin(m.next()), ToStatus: to})
}

// repeat sends the last accepted command once more: nothing may come of it.
func (m *model) repeat(t *rapid.T) {
	if m.last == nil {
		t.Skip("no command was accepted yet")
	}
	commit, err := m.def.Execute(m.instance, m.last)
	if err != nil || len(commit.Events) != 0 {
		t.Fatalf("%s again: %d events, error %v", m.last.Name(), len(commit.Events), err)
	}
}

func (m *model) execute(t *rapid.T, c compute.Command) {
	before := m.instance.State
	commit, err := m.def.Execute(m.instance, c)
	if want := m.expected(c); (err == nil) != want {
		t.Fatalf("%s in %s (initialised %v): error %v, want accepted %v", c.Name(), before.Status, before.Initialized(), err, want)
	}
	if err != nil {
		var refused compute.CommandError
		if !errors.As(err, &refused) {
			t.Fatalf("%s: error %v is not a command error", c.Name(), err)
		}
		return
	}
	if len(commit.Events) != 1 || commit.Events[0].ID != c.Source().EventID || !commit.Expected.Allows(m.instance.Version) {
		t.Fatalf("%s: commit %+v", c.Name(), commit)
	}
	m.last, m.instance = c, commit.After
	m.log = append(m.log, event.Recorded{Event: commit.Events[0], Position: event.Position(len(m.log) + 1), Version: commit.After.Version})
}

// expected says in other words than the handlers whether a command is accepted.
func (m *model) expected(c compute.Command) bool {
	s := m.instance.State
	if _, registers := c.(compute.RegisterResource); registers || !s.Initialized() {
		return registers && !s.Initialized()
	}
	if s.Status == compute.Decommissioned {
		return false
	}
	switch c := c.(type) {
	case compute.AddPolicy:
		return !slices.Contains(s.PolicyIDs, c.PolicyID)
	case compute.RemovePolicy:
		return slices.Contains(s.PolicyIDs, c.PolicyID)
	case compute.AssignAssetTag:
		return compute.ValidateAssetTag(c.AssetTag) == nil
	case compute.ChangeStatus:
		return changes[[2]compute.Status{s.Status, c.ToStatus}]
	}
	return true
}

// check runs after each action.
func (m *model) check(t *rapid.T) {
	replayed, err := m.def.Replay(m.def.New(resourceID), m.log...)
	if err != nil {
		t.Fatal(err)
	}
	mustEqual(t, "replay of the log", m.instance, replayed)
	if s := m.instance.State; s.Version != m.instance.Version || int(s.Version) != len(m.log) || s.Initialized() != (len(m.log) > 0) {
		t.Fatalf("version %d of the state, %d of the instance, after %d events", s.Version, m.instance.Version, len(m.log))
	}
	checkInvariants(t, m.instance.State)
}
