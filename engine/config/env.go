package config

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Env looks up a variable of the environment, as os.LookupEnv does. With nil there is
// none.
type Env func(name string) (value string, set bool)

// standin is a text that errors do not tell, and what they tell in its place.
type standin struct{ value, source string }

// expand replaces the variables in the values below n. It does so on the parsed tree:
// what is in a variable is text, and never becomes a key, a list or a comment. Keys are
// left alone.
func (d *decoder) expand(n *yaml.Node) {
	switch n.Kind {
	case yaml.DocumentNode, yaml.SequenceNode:
		for _, item := range n.Content {
			d.expand(item)
		}
	case yaml.MappingNode:
		for i := 1; i < len(n.Content); i += 2 {
			d.expand(n.Content[i])
		}
	case yaml.ScalarNode:
		d.expandScalar(n)
	}
}

func (d *decoder) expandScalar(n *yaml.Node) {
	if !strings.Contains(n.Value, "$") || n.ShortTag() != "!!str" {
		return
	}
	x := expander{env: d.env, text: n.Value}
	value, err := x.until(false, true)
	if err != nil {
		d.fail(n, err.Hint, "%s", err.Message)
		d.failed[n] = true
		return
	}
	d.values += len(value) / bytesPerValue
	if len(x.used) > 0 {
		d.hidden = append(append(d.hidden, standin{value, n.Value}), x.used...)
	}
	if x.expanded {
		d.expanded[n] = n.Value
	}
	n.Value, n.Tag = value, "!!str"
}

// failing reports whether a value has variables that are wrong, which has been told.
func (d *decoder) failing(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return d.failed[n]
}

// minBare is how long a text must be to be hidden where it stands without quotes: a
// shorter one would be found in words that have nothing to do with it.
const minBare = 4

// hide has errors tell variables in the place of what is in them: it may be secret.
func (es Errors) hide(hidden []standin) Errors {
	for _, h := range hidden {
		if h.value == "" {
			continue
		}
		quoted := strconv.Quote(h.value)
		for _, e := range es {
			for _, text := range []*string{&e.Message, &e.Hint} {
				*text = strings.ReplaceAll(*text, quoted, strconv.Quote(h.source))
				if len(h.value) >= minBare {
					*text = strings.ReplaceAll(*text, h.value, h.source)
				}
			}
		}
	}
	return es
}

// Hide has errors about the configuration tell variables of the environment in the
// place of what is in them.
func (c *Config) Hide(errs Errors) Errors { return errs.hide(c.hidden) }

// maxText bounds what the variables of one value may make of it, in bytes.
const maxText = 1 << 20

// expander replaces the variables of one text.
type expander struct {
	env      Env
	text     string
	at       int       // what is before has been read
	expanded bool      // there is a variable
	used     []standin // variables that are set
}

// until reads up to the text's end or, within a variable, to the brace that closes it.
// Where nobody needs what it makes, a variable may be unset.
func (x *expander) until(closing, needed bool) (string, *Error) {
	var out strings.Builder
	for x.at < len(x.text) {
		c := x.text[x.at]
		switch {
		case c == '}' && closing:
			return out.String(), nil
		case c != '$':
			out.WriteByte(c)
			x.at++
			continue
		}
		value, err := x.dollar(needed)
		if err != nil {
			return "", err
		}
		if out.Len()+len(value) > maxText {
			return "", &Error{Message: fmt.Sprintf("the variables in it stand for more than %d bytes", maxText), Hint: "put a long text into a file"}
		}
		out.WriteString(value)
	}
	if closing {
		return "", &Error{Message: "a variable is not closed", Hint: "write ${NAME}, or $$ for a dollar"}
	}
	return out.String(), nil
}

// dollar reads what begins with one.
func (x *expander) dollar(needed bool) (string, *Error) {
	x.at++
	rest := x.text[x.at:]
	switch {
	case strings.HasPrefix(rest, "$"):
		x.at++
		return "$", nil
	case strings.HasPrefix(rest, "{"):
		x.at++
		return x.variable(needed)
	case rest != "" && isNameByte(rest[0], true):
		name := nameAt(rest)
		return "", &Error{Message: fmt.Sprintf("$%s has no braces", name), Hint: fmt.Sprintf("write ${%s} for a variable of the environment, or $$%s for a dollar", name, name)}
	}
	return "$", nil
}

// variable reads what stands behind ${, and its closing brace.
func (x *expander) variable(needed bool) (string, *Error) {
	name := nameAt(x.text[x.at:])
	x.at += len(name)
	rest := x.text[x.at:]
	x.expanded = true
	switch {
	case name == "":
		return "", &Error{Message: "no name of a variable follows ${", Hint: "write ${NAME}, or $$ for a dollar; names have letters, digits and _"}
	case strings.HasPrefix(rest, "}"):
		x.at++
		return x.required(name, needed)
	case strings.HasPrefix(rest, ":-"):
		x.at += 2
		return x.orDefault(name, needed)
	case strings.HasPrefix(rest, ":?"):
		return x.orMessage(name, needed)
	case rest == "":
		return "", &Error{Message: "a variable is not closed", Hint: fmt.Sprintf("write ${%s}, or $$ for a dollar", name)}
	}
	return "", &Error{Message: fmt.Sprintf("${%s is followed by neither }, :- nor :?", name),
		Hint: fmt.Sprintf("write ${%s}, ${%s:-default} or ${%s:?message}, or $$ for a dollar", name, name, name)}
}

func (x *expander) required(name string, needed bool) (string, *Error) {
	if !needed {
		return "", nil
	}
	value, set, err := x.look(name)
	if err == nil && !set {
		err = &Error{Message: fmt.Sprintf("the environment variable %s is not set", name), Hint: fmt.Sprintf("set it, or write ${%s:-default}; $$ is a dollar", name)}
	}
	return value, err
}

// orDefault takes a variable that is empty for one that is not set.
func (x *expander) orDefault(name string, needed bool) (string, *Error) {
	value, _, err := x.look(name)
	if err != nil {
		return "", err
	}
	used := x.used
	instead, err := x.until(true, needed && value == "")
	if err != nil {
		return "", err
	}
	x.at++
	if value == "" {
		return instead, nil
	}
	x.used = used
	return value, nil
}

func (x *expander) orMessage(name string, needed bool) (string, *Error) {
	message, _, closed := strings.Cut(x.text[x.at+2:], "}")
	if !closed {
		return "", &Error{Message: "a variable is not closed", Hint: fmt.Sprintf("write ${%s:?message}, or $$ for a dollar", name)}
	}
	x.at += len(":?") + len(message) + len("}")
	value, _, err := x.look(name)
	if err != nil || value != "" || !needed {
		return value, err
	}
	text := fmt.Sprintf("the environment variable %s is not set", name)
	if message != "" {
		text += ": " + message
	}
	return "", &Error{Message: text, Hint: "set it where the engine is started"}
}

// look looks a variable up. YAML has no other text than UTF-8 without NUL.
func (x *expander) look(name string) (value string, set bool, err *Error) {
	if x.env == nil {
		return "", false, nil
	}
	if value, set = x.env(name); !set {
		return "", false, nil
	}
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
		return "", true, &Error{Message: fmt.Sprintf("the environment variable %s is no text in UTF-8", name)}
	}
	if value != "" {
		x.used = append(x.used, standin{value, "${" + name + "}"})
	}
	return value, set, nil
}

// nameAt is the name of a variable that a text begins with; empty where it does not.
func nameAt(text string) string {
	n := 0
	for n < len(text) && isNameByte(text[n], n == 0) {
		n++
	}
	return text[:n]
}

func isNameByte(c byte, first bool) bool {
	return c == '_' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || !first && c >= '0' && c <= '9'
}
