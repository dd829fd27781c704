package plugintest

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/refold-dev/refold/runtime/projection"
)

// Update returns the file's text with what the cases got in the place of what they
// expect, where that differs. An empty `then:` is filled with all that there is. A
// case without `then:` stays without.
func (s *Suite) Update(p *projection.Projection, results []Result) ([]byte, error) {
	text := s.text
	for i := len(s.Cases) - 1; i >= 0; i-- { // from the end, so that lines keep their numbers
		c := &s.Cases[i]
		if c.Then == nil || results[i].got == nil || results[i].got.given != "" {
			continue
		}
		mapping := s.caseNode(i)
		at := indexOf(mapping, "then")
		then := mapping.Content[at+1]
		switch {
		case !results[i].got.update(p, c, then):
		case mapping.Style&yaml.FlowStyle != 0:
			text = spliceFlow(text, mapping)
		default:
			text = splice(text, mapping.Content[at], then)
		}
	}
	if !s.says(text) { // its YAML is stranger than can be changed in places
		var err error
		if text, err = s.encode(); err != nil {
			return nil, fmt.Errorf("writing the cases: %w", err)
		}
	}
	if _, err := Parse(s.file, text); err != nil {
		return nil, fmt.Errorf("what was to be written is no file of cases: %w", err)
	}
	return text, nil
}

// says reports whether a text says what the changed YAML does.
func (s *Suite) says(text []byte) bool {
	var doc yaml.Node
	return yaml.Unmarshal(text, &doc) == nil && same(&doc, s.doc)
}

// same compares values, but for how they are written.
func same(a, b *yaml.Node) bool {
	a, b = resolved(a), resolved(b)
	return a.Kind == b.Kind && a.Value == b.Value && slices.EqualFunc(a.Content, b.Content, same)
}

func (s *Suite) caseNode(i int) *yaml.Node {
	root := resolved(s.doc.Content[0])
	return resolved(resolved(root.Content[indexOf(root, "cases")+1]).Content[i])
}

func resolved(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// indexOf is the index of a key among a mapping's content, or -1.
func indexOf(n *yaml.Node, key string) int {
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return i
		}
	}
	return -1
}

// encode writes the whole file anew: comments stay, empty lines do not.
func (s *Suite) encode() ([]byte, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	err := enc.Encode(s.doc)
	return b.Bytes(), err
}

// splice puts a changed `then:` in the place of the lines that it has in a text.
func splice(text []byte, key, then *yaml.Node) []byte {
	all := strings.SplitAfter(string(text), "\n")
	first, indent := key.Line-1, key.Column-1
	last := first + 1
	for n := last; n < len(all); n++ {
		line := strings.TrimRight(all[n], " \t\r\n")
		if line == "" {
			continue
		}
		if len(line)-len(strings.TrimLeft(line, " ")) <= indent {
			break
		}
		last = n + 1
	}
	elsewhere(then, strings.Join(all[first:last], ""))
	inner := *key
	inner.HeadComment, inner.FootComment = "", "" // they stand on other lines
	fresh := lines(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{&inner, then}})
	var out strings.Builder
	out.WriteString(strings.Join(all[:first], ""))
	for i, line := range strings.SplitAfter(strings.TrimSuffix(fresh, "\n"), "\n") {
		switch {
		case i == 0:
			out.WriteString(all[first][:indent])
		case strings.TrimSpace(line) != "":
			out.WriteString(strings.Repeat(" ", indent))
		}
		out.WriteString(line)
	}
	out.WriteString("\n")
	out.WriteString(strings.Join(all[last:], ""))
	return []byte(out.String())
}

// elsewhere drops comments that belong to a `then:` by the letter, and do not stand
// in its lines: they stay where they are.
func elsewhere(n *yaml.Node, lines string) {
	for _, comment := range []*string{&n.HeadComment, &n.LineComment, &n.FootComment} {
		if line, _, _ := strings.Cut(*comment, "\n"); !strings.Contains(lines, line) {
			*comment = ""
		}
	}
	for _, child := range n.Content {
		elsewhere(child, lines)
	}
}

// spliceFlow puts a changed case that stands in braces in the place that it has in
// a text, on one line unless it has comments.
func spliceFlow(text []byte, mapping *yaml.Node) []byte {
	from := offset(text, mapping.Line, mapping.Column)
	open := bytes.IndexByte(text[from:], '{') // behind an anchor
	if open < 0 {
		return text
	}
	from += open
	bare := *mapping
	bare.Anchor, bare.HeadComment, bare.LineComment, bare.FootComment = "", "", "", ""
	fresh := strings.TrimSuffix(lines(&bare), "\n")
	fresh = strings.ReplaceAll(fresh, "\n", "\n"+strings.Repeat(" ", mapping.Column))
	return slices.Concat(text[:from], []byte(fresh), text[flowEnd(text, from):])
}

// offset is where a line and a column, in characters, are in a text.
func offset(text []byte, line, column int) int {
	at := 0
	for range line - 1 {
		at += bytes.IndexByte(text[at:], '\n') + 1
	}
	for range column - 1 {
		_, size := utf8.DecodeRune(text[at:])
		at += size
	}
	return at
}

// flowEnd is the end of the braces that a text has at an index.
func flowEnd(text []byte, from int) int {
	depth := 0
	before := byte(' ') // the last that is no space
	for i := from; i < len(text); i++ {
		c := text[i]
		starts := strings.IndexByte("{[,:", before) >= 0 // otherwise it is within a plain text
		switch {
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return i + 1
			}
		case starts && (c == '"' || c == '\''):
			i = quoteEnd(text, i)
		case c == '#' && i > 0 && strings.IndexByte(" \t\n", text[i-1]) >= 0:
			for i+1 < len(text) && text[i+1] != '\n' {
				i++
			}
			continue
		}
		if strings.IndexByte(" \t\r\n", c) < 0 {
			before = c
		}
	}
	return len(text)
}

// quoteEnd is where a quoted text ends that begins at an index. In double quotes a
// backslash makes the next character count for nothing, in single ones two quotes
// are one.
func quoteEnd(text []byte, from int) int {
	quote := text[from]
	for i := from + 1; i < len(text); i++ {
		switch {
		case quote == '"' && text[i] == '\\', quote == '\'' && bytes.HasPrefix(text[i:], []byte("''")):
			i++
		case text[i] == quote:
			return i
		}
	}
	return len(text)
}

// update changes what differs in a `then:`, and reports whether anything did.
func (g *got) update(p *projection.Projection, c *Case, then *yaml.Node) (changed bool) {
	t := c.Then
	everything := t == nil || len(then.Content) == 0
	if everything {
		t = &Then{}
		then.Kind, then.Tag, then.Value, then.Style = yaml.MappingNode, "", "", 0
	}
	put := func(key string, wanted bool, want, have *yaml.Node) {
		if !wanted || !everything && lines(normal(want)) == lines(normal(have)) {
			return
		}
		set(then, key, have)
		changed = true
	}
	if t.State != nil {
		put("state", g.state != nil, t.stateNode(p), g.state)
	} else {
		put("state", everything && g.state != nil, list(nil), g.state)
	}
	for _, a := range t.Answers {
		if lines(normal(node([]byte(a.Value)))) != lines(normal(g.answers[a.Name])) {
			answers := then.Content[indexOf(then, "answers")+1]
			set(resolved(answers), a.Name, g.answers[a.Name])
			changed = true
		}
	}
	var expected []Effect
	if t.Effects != nil {
		expected = *t.Effects
	}
	want, have := effectNodes(expected, g)
	if slices.ContainsFunc(expected, func(x Effect) bool { return x.Cause > 0 }) {
		have = list(nil)
		for i, n := range g.effects {
			have.Content = append(have.Content, withCause(n, g.causes[i]))
		}
	}
	put("effects", everything || t.Effects != nil, want, styled(have))
	put("rejected", t.Rejected != nil || len(g.rejected) > 0, expectedNodes(t.Rejected), styled(verdictNodes(t.Rejected, g.rejected)))
	put("failed", t.Failed != nil || len(g.failed) > 0, expectedNodes(t.Failed), styled(verdictNodes(t.Failed, said(excerpts(t.Failed, g.failed)))))
	return changed
}

// having is what a guest said before it failed.
var having = regexp.MustCompile(`having said ("(?:[^"\\]|\\.)*")`)

// said leaves of the reasons of failures what the guest said, if it said anything:
// the functions that it says so in may have other names tomorrow.
func said(have []verdict) []verdict {
	out := slices.Clone(have)
	for i := range out {
		if m := having.FindStringSubmatch(out[i].reason); m != nil {
			if text, err := strconv.Unquote(m[1]); err == nil && text != "" {
				out[i].reason = text
			}
		}
	}
	return out
}

// styled writes a list in lines where it has any.
func styled(n *yaml.Node) *yaml.Node {
	n.Style = 0
	if len(n.Content) == 0 {
		n.Style = yaml.FlowStyle
	}
	return n
}

// set sets a member of a mapping, and keeps what comments it has.
func set(n *yaml.Node, key string, value *yaml.Node) {
	n.Style &^= yaml.FlowStyle
	if at := indexOf(n, key); at >= 0 {
		old := n.Content[at+1]
		fresh := *value
		fresh.HeadComment, fresh.LineComment, fresh.FootComment = old.HeadComment, old.LineComment, old.FootComment
		n.Content[at+1] = keepComments(old, &fresh)
		return
	}
	n.Content = append(n.Content, textNode(key), value)
}

// keepComments takes over the comments, and the style, of members and items that
// stay.
func keepComments(old, fresh *yaml.Node) *yaml.Node {
	old = resolved(old)
	if old.Kind != fresh.Kind || old.Kind == yaml.ScalarNode {
		return fresh
	}
	if len(fresh.Content) > 0 && len(old.Content) > 0 {
		fresh.Style = old.Style
	}
	out := *fresh
	out.Content = slices.Clone(fresh.Content)
	for i := range out.Content {
		j := i
		if fresh.Kind == yaml.MappingNode {
			if i%2 == 1 {
				continue
			}
			if j = indexOf(old, fresh.Content[i].Value); j >= 0 {
				out.Content[i+1] = commented(old.Content[j+1], out.Content[i+1])
			}
		}
		if j >= 0 && j < len(old.Content) {
			out.Content[i] = commented(old.Content[j], out.Content[i])
		}
	}
	return &out
}

func commented(old, fresh *yaml.Node) *yaml.Node {
	out := *keepComments(old, fresh)
	out.HeadComment, out.LineComment, out.FootComment = old.HeadComment, old.LineComment, old.FootComment
	return &out
}
