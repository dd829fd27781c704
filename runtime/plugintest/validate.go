package plugintest

import (
	"fmt"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/engine/config"
)

// mistakes collects what is wrong with a file.
type mistakes struct{ errs config.Errors }

func (m *mistakes) at(pos config.Pos, hint, format string, args ...any) {
	m.errs = append(m.errs, &config.Error{Pos: pos, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// maxFuel is the most that an event may ever cost.
const maxFuel = 1 << 40

// validate checks what can be checked without the module.
func (s *Suite) validate() config.Errors {
	var m mistakes
	if len(s.Cases) == 0 {
		m.at(s.Where("cases"), "add a `cases:` list with at least one item", "there is no case")
	}
	if s.FuelPerEvent < 0 || s.FuelPerEvent > maxFuel || s.FuelPerEvent == 0 && s.Sets("fuel_per_event") {
		m.at(s.Where("fuel_per_event"), "", "fuel_per_event must lie between 1 and %d", int64(maxFuel))
	}
	first := map[string]config.Pos{}
	for i := range s.Cases {
		c := &s.Cases[i]
		if c.Name == "" {
			m.at(c.Where("name"), "add `name: …`", "the case has no name")
		} else if at, twice := first[c.Name]; twice {
			m.at(c.Where("name"), "", "another case has the name %q, at %s", c.Name, at)
		}
		first[c.Name] = c.Where("name")
		m.theCase(c)
	}
	return m.errs.Sorted()
}

func (m *mistakes) theCase(c *Case) {
	if len(c.When) == 0 {
		m.at(c.Where("when"), "add a `when:` list with at least one event", "the case has no events")
	}
	for _, size := range c.Batches {
		if size < 1 {
			m.at(c.Where("batches"), "", "a batch has 1 event or more, not %d", size)
		}
	}
	if c.Repeat < 0 || c.Repeat > 1<<20 {
		m.at(c.Where("repeat"), "8192 is a good number", "repeat must lie between 1 and %d", 1<<20)
	}
	var e events
	for _, list := range [][]Event{c.Given.Events, c.When} {
		for i := range list {
			e.add(&list[i])
		}
	}
	m.errs = append(m.errs, e.errs...)
	if c.Then == nil {
		return
	}
	for _, list := range [][]Verdict{c.Then.Rejected, c.Then.Failed} {
		for i := range list {
			m.event(list[i].Where("event"), list[i].Event, c)
		}
	}
	if c.Then.Effects == nil {
		return
	}
	for i := range *c.Then.Effects {
		x := &(*c.Then.Effects)[i]
		m.effect(x)
		m.event(x.Where("cause"), x.Cause, c)
	}
}

func (m *mistakes) event(at config.Pos, number int, c *Case) {
	if number < 0 || number > len(c.When) {
		m.at(at, "1 is the first event of `when:`", "there is no event %d: the case has %d", number, len(c.When))
	}
}

// part is a kind of effect, and what it may have beside the cause.
type part struct {
	kind effect.Kind
	name *string
	body string // the key of its body
	has  []string
}

func (x *Effect) parts() []part {
	return []part{
		{effect.Insert, x.Insert, "row", []string{"row"}},
		{effect.Update, x.Update, "columns", []string{"key", "columns"}},
		{effect.Delete, x.Delete, "", []string{"key"}},
		{effect.Query, x.Query, "parameters", []string{"parameters"}},
		{effect.Log, x.Log, "", []string{"level"}},
		{effect.EmitEvent, x.EmitEvent, "data", []string{"stream", "data"}},
	}
}

// given is the kind of effect that is given; nil if none or several are.
func (x *Effect) given() *part {
	var found *part
	for _, p := range x.parts() {
		if p.name == nil {
			continue
		}
		if found != nil {
			return nil
		}
		found = &p
	}
	return found
}

func (m *mistakes) effect(x *Effect) {
	p := x.given()
	if p == nil {
		m.at(x.Where(""), "write `insert: TABLE`, `update: TABLE`, `delete: TABLE`, `query: TEXT`, `log: MESSAGE` or `emit_event: TYPE`", "an effect is of one kind")
		return
	}
	for _, key := range []string{"row", "columns", "parameters", "data", "key", "stream", "level"} {
		if !x.Sets(key) {
			continue
		}
		known := false
		for _, name := range p.has {
			known = known || name == key
		}
		if !known {
			m.at(x.Where(key), config.Closest(key, p.has), "%s is nothing that an effect of the kind %s has", key, p.kind)
		}
	}
	if _, ok := effect.ParseLevel(x.Level); x.Level != "" && !ok {
		m.at(x.Where("level"), config.Closest(x.Level, effect.LevelNames()), "unknown level %q", x.Level)
	}
}
