package plugintest

import (
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"gopkg.in/yaml.v3"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/runtime/projection"
)

// compare holds what a case got against what it expects.
func (c *Case) compare(p *projection.Projection, r *Result) {
	g := r.got
	if c.Then == nil {
		r.differ("failed", c.Where("then"), list(nil), verdictNodes(nil, g.failed))
		return
	}
	t := c.Then
	if t.State != nil {
		r.differ("state", t.Where("state"), t.stateNode(p), g.state)
	}
	for _, a := range t.Answers {
		r.differ("answer to "+strconv.Quote(a.Name), a.Pos, node([]byte(a.Value)), g.answers[a.Name])
	}
	if t.Effects != nil {
		want, have := effectNodes(*t.Effects, g)
		r.differ("effects", t.Where("effects"), want, have)
	}
	r.differ("rejected", t.Where("rejected"), expectedNodes(t.Rejected), verdictNodes(t.Rejected, g.rejected))
	r.differ("failed", t.Where("failed"), expectedNodes(t.Failed), verdictNodes(t.Failed, excerpts(t.Failed, g.failed)))
}

func (r *Result) differ(what string, pos config.Pos, want, have *yaml.Node) {
	if have == nil {
		have = scalar("null")
	}
	a, b := lines(normal(want)), lines(normal(have))
	if a == b {
		return
	}
	_, text, _ := strings.Cut(string(diff.Diff("want", []byte(a), "got", []byte(b))), "\n")
	r.fail(what, pos, text)
}

func (t *Then) stateNode(p *projection.Projection) *yaml.Node {
	if p.Manifest().State != "keyed" {
		return node([]byte(t.State.JSON))
	}
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, m := range t.State.Members {
		n.Content = append(n.Content, keyNode(p, keyOf(p, m.Name)), node(jsonOf(bytesOf([]byte(m.Value)))))
	}
	return n
}

// effectNodes are effects that are expected and those that a case got: with causes
// where these are expected.
func effectNodes(expected []Effect, g *got) (want, have *yaml.Node) {
	want, have = list(nil), list(nil)
	for i := range expected {
		want.Content = append(want.Content, withCause(expected[i].node(), expected[i].Cause))
	}
	for i, n := range g.effects {
		cause := 0
		if i < len(expected) && expected[i].Cause > 0 {
			cause = g.causes[i]
		}
		have.Content = append(have.Content, withCause(n, cause))
	}
	return want, have
}

func withCause(n *yaml.Node, cause int) *yaml.Node {
	if cause == 0 {
		return n
	}
	out := *n
	out.Content = append(append([]*yaml.Node(nil), n.Content...), textNode("cause"), scalar(strconv.Itoa(cause)))
	return &out
}

func expectedNodes(expected []Verdict) *yaml.Node {
	n := list(nil)
	for i := range expected {
		n.Content = append(n.Content, verdictNode(expected[i].Event, expected[i].Reason))
	}
	return n
}

// verdictNodes are verdicts in the form of those that are expected.
func verdictNodes(expected []Verdict, have []verdict) *yaml.Node {
	n := list(nil)
	for i, v := range have {
		event := v.event
		if i < len(expected) && expected[i].Event == 0 {
			event = 0
		}
		n.Content = append(n.Content, verdictNode(event, v.reason))
	}
	return n
}

func verdictNode(event int, reason string) *yaml.Node {
	if event == 0 {
		return textNode(reason)
	}
	return &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{
		textNode("event"), scalar(strconv.Itoa(event)), textNode("reason"), textNode(reason)}}
}

// excerpts leaves of the reasons of failures what is expected, if it is there.
func excerpts(expected []Verdict, have []verdict) []verdict {
	out := append([]verdict(nil), have...)
	for i := range out {
		if i < len(expected) && strings.Contains(out[i].reason, expected[i].Reason) {
			out[i].reason = expected[i].Reason
		}
	}
	return out
}

func list(items []*yaml.Node) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Content: items}
	if len(items) == 0 {
		n.Style = yaml.FlowStyle
	}
	return n
}
