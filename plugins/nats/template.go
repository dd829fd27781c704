package nats

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/refold-dev/refold/domain/effect"
)

// Template is a text with fields of an effect in braces, such as
// "read.{name}.{key}". A brace that is one is written twice.
type Template struct{ parts []part }

type part struct {
	literal string
	field   field // nil: the literal
}

// field is what stands for a field: the texts of which each is a token in a subject.
type field func(b *effect.Batch, f *effect.Effect, keys effect.Keys) ([]string, error)

var fields = map[string]field{
	"id":             one(func(b *effect.Batch, f *effect.Effect) string { return b.ID(f).String() }),
	"pipeline":       one(func(b *effect.Batch, _ *effect.Effect) string { return b.Pipeline }),
	"generation":     one(func(b *effect.Batch, _ *effect.Effect) string { return strconv.FormatUint(b.Generation, 10) }),
	"position":       one(func(_ *effect.Batch, f *effect.Effect) string { return strconv.FormatUint(uint64(f.Cause), 10) }),
	"ordinal":        one(func(_ *effect.Batch, f *effect.Effect) string { return strconv.FormatUint(uint64(f.Ordinal), 10) }),
	"causation_id":   one(func(_ *effect.Batch, f *effect.Effect) string { return f.CauseID.String() }),
	"correlation_id": one(func(_ *effect.Batch, f *effect.Effect) string { return f.CorrelationID.String() }),
	"kind":           one(func(_ *effect.Batch, f *effect.Effect) string { return f.Kind.String() }),
	"level":          one(func(_ *effect.Batch, f *effect.Effect) string { return f.Level.String() }),
	"name":           one(func(_ *effect.Batch, f *effect.Effect) string { return f.Name }),
	"key":            func(_ *effect.Batch, f *effect.Effect, keys effect.Keys) ([]string, error) { return keys.Of(f) },
}

// fieldNames are what the fields are called, for whoever has called one otherwise.
const fieldNames = "id, pipeline, generation, position, ordinal, causation_id, correlation_id, kind, level, name, key"

func one(text func(b *effect.Batch, f *effect.Effect) string) field {
	return func(b *effect.Batch, f *effect.Effect, _ effect.Keys) ([]string, error) {
		return []string{text(b, f)}, nil
	}
}

// ParseTemplate reads a template.
func ParseTemplate(text string) (Template, error) {
	var t Template
	for rest := text; rest != ""; {
		at := strings.IndexAny(rest, "{}")
		if at < 0 {
			t.literal(rest)
			break
		}
		t.literal(rest[:at])
		brace := rest[at]
		rest = rest[at+1:]
		if rest != "" && rest[0] == brace {
			t.literal(string(brace))
			rest = rest[1:]
			continue
		}
		name, behind, closed := strings.Cut(rest, "}")
		if brace == '}' || !closed {
			return Template{}, fmt.Errorf("a %c stands alone: write it twice, or put the name of a field in braces", brace)
		}
		value, known := fields[name]
		if !known {
			return Template{}, fmt.Errorf("unknown field %.64q, known are %s", name, fieldNames)
		}
		t.parts = append(t.parts, part{field: value})
		rest = behind
	}
	return t, nil
}

// literal appends a text, to the literal before it if there is one.
func (t *Template) literal(text string) {
	if n := len(t.parts); n > 0 && t.parts[n-1].field == nil {
		t.parts[n-1].literal += text
	} else if text != "" {
		t.parts = append(t.parts, part{literal: text})
	}
}

// subject fills the template with tokens.
func (t *Template) subject(b *effect.Batch, f *effect.Effect, keys effect.Keys) (string, error) {
	subject, err := t.fill(b, f, keys, tokens)
	if err == nil {
		err = checkSubject(subject)
	}
	return subject, err
}

// text fills the template with a header's value. What could end a line, or is no
// printable ASCII, is percent-encoded, and so is a percent sign.
func (t *Template) text(b *effect.Batch, f *effect.Effect, keys effect.Keys) (string, error) {
	return t.fill(b, f, keys, func(texts []string) string {
		var s strings.Builder
		for _, c := range []byte(strings.Join(texts, ",")) {
			if c < ' ' || c > '~' || c == '%' {
				fmt.Fprintf(&s, "%%%02X", c)
			} else {
				s.WriteByte(c)
			}
		}
		return s.String()
	})
}

func (t *Template) fill(b *effect.Batch, f *effect.Effect, keys effect.Keys, join func([]string) string) (string, error) {
	var s strings.Builder
	for _, p := range t.parts {
		if p.field == nil {
			s.WriteString(p.literal)
			continue
		}
		texts, err := p.field(b, f, keys)
		if err != nil {
			return "", err
		}
		s.WriteString(join(texts))
	}
	return s.String(), nil
}

// first is what the template's first token is, if no field is in it.
func (t *Template) first() (token string, literal bool) {
	if len(t.parts) == 0 || t.parts[0].field != nil {
		return "", false
	}
	token, _, ended := strings.Cut(t.parts[0].literal, ".")
	return token, ended || len(t.parts) == 1
}

// checkSubject refuses a template of subjects that cannot be one.
func (t *Template) checkSubject() error {
	var s strings.Builder
	for _, p := range t.parts {
		if p.field != nil {
			s.WriteString("x")
		}
		s.WriteString(p.literal)
	}
	if err := checkLiteral(s.String()); err != nil {
		return err
	}
	return checkSubject(s.String())
}
