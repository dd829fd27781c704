package plugintest

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/projection"
	"github.com/refold-dev/refold/sdk/manifest"
)

// got is an outcome in the form of `then:`.
type got struct {
	given    string     // why the case ended before when
	state    *yaml.Node // nil if there is none to see
	answers  map[string]*yaml.Node
	effects  []*yaml.Node
	causes   []int // of the effects: 1 for the first event of when
	rejected []verdict
	failed   []verdict
}

type verdict struct {
	event  int
	reason string
}

func gotOf(p *projection.Projection, out *projection.Outcome, when []event.Recorded) *got {
	g := &got{state: stateNode(p, out)}
	number := func(at event.Position) int {
		return 1 + slices.IndexFunc(when, func(e event.Recorded) bool { return e.Position == at })
	}
	for i := range out.Effects {
		g.effects = append(g.effects, effectNode(&out.Effects[i]))
		g.causes = append(g.causes, number(out.Effects[i].Cause))
	}
	for i := range out.Poison {
		poison := &out.Poison[i]
		v := verdict{number(poison.Position), poison.Reason}
		if poison.Rejected {
			g.rejected = append(g.rejected, v)
			continue
		}
		v.reason += " (" + string(poison.Code) + ")"
		g.failed = append(g.failed, v)
	}
	return g
}

func stateNode(p *projection.Projection, out *projection.Outcome) *yaml.Node {
	switch {
	case out.Answer != nil:
		return node(jsonOf(out.Answer))
	case p.Manifest().State != manifest.Keyed:
		return nil
	}
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, key := range slices.Sorted(maps.Keys(out.States)) {
		n.Content = append(n.Content, keyNode(p, key), node(jsonOf(out.States[key])))
	}
	if len(n.Content) == 0 {
		n.Style = yaml.FlowStyle
	}
	return n
}

// keyOf is the key that a case calls by a name: where the aggregate is the key, a
// number stands for an aggregate.
func keyOf(p *projection.Projection, name string) string {
	if n, err := strconv.Atoi(name); err == nil && n > 0 && n < 1_000_000 && p.KeyPath() == "" {
		return numbered(4, n).String()
	}
	return name
}

// keyNode is the name by which a case calls a key.
func keyNode(p *projection.Projection, key string) *yaml.Node {
	if len(key) == 36 && p.KeyPath() == "" {
		if n, err := strconv.Atoi(key[24:]); err == nil && keyOf(p, strconv.Itoa(n)) == key {
			return scalar(strconv.Itoa(n))
		}
	}
	return textNode(key)
}

// effectNode is an effect in the form of [Effect], without its cause.
func effectNode(e *effect.Effect) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	add := func(key string, value *yaml.Node) { n.Content = append(n.Content, textNode(key), value) }
	name := e.Name
	if e.Kind == effect.Log {
		name = string(e.Body)
	}
	add(e.Kind.String(), textNode(name))
	for _, p := range (&Effect{}).parts() {
		if p.kind != e.Kind {
			continue
		}
		if slices.Contains(p.has, "key") {
			add("key", textNode(e.Key))
		}
		if e.Kind == effect.EmitEvent && e.Key != "" {
			add("stream", textNode(e.Key))
		}
		if p.body != "" {
			add(p.body, node(jsonOf(e.Body)))
		}
	}
	if e.Kind == effect.Log {
		add("level", textNode(e.Level.String()))
	}
	return n
}

// node is an expected effect in the same form.
func (x *Effect) node() *yaml.Node {
	p := x.given()
	e := effect.Effect{Kind: p.kind, Name: *p.name, Key: cmp.Or(x.Key, x.Stream), Level: effect.Info}
	if level, ok := effect.ParseLevel(x.Level); ok {
		e.Level = level
	}
	for _, body := range []*config.JSON{x.Row, x.Columns, x.Parameters, x.Data} {
		if body != nil {
			e.Body = bytesOf([]byte(*body))
		}
	}
	if p.body != "" && e.Body == nil {
		e.Body = []byte("{}")
	}
	if p.kind == effect.Log {
		e.Name, e.Body = "", []byte(*p.name)
	}
	return effectNode(&e)
}

// answers asks a resident projection what a case wants to know.
func answers(ctx context.Context, r *projection.Run, queries config.Members) (map[string]*yaml.Node, error) {
	list := map[string]*yaml.Node{}
	for _, q := range queries {
		answer, err := r.Query(ctx, q.Name)
		var guest *runtime.GuestError
		switch {
		case errors.As(err, &guest):
			list[q.Name] = textNode(guest.Error())
		case err != nil:
			return nil, err
		default:
			list[q.Name] = node(jsonOf(answer))
		}
	}
	return list, nil
}
