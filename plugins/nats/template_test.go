package nats

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/effect"
)

func TestToken(t *testing.T) {
	for text, want := range map[string]string{
		"": "=", "a-B_9": "a-B_9", "a.b": "a=2Eb", "=": "=3D", "é": "=C3=A9", "*": "=2A", ">": "=3E", " ": "=20", "\n": "=0A",
		"01900000-0000-7000-8000-0000000000a0": "01900000-0000-7000-8000-0000000000a0",
	} {
		if got := Token(text); got != want {
			t.Errorf("%q is the token %s, want %s", text, got, want)
		}
	}
}

// TestTokenTellsTextsApart, and is one token, which servers and buckets take.
func TestTokenTellsTextsApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.OneOf(rapid.String(), rapid.StringOfN(rapid.SampledFrom([]rune("=3D.aé")), 0, 5, -1))
		a, b := texts.Draw(t, "a"), texts.Draw(t, "b")
		if (Token(a) == Token(b)) != (a == b) {
			t.Fatalf("%q and %q are %s and %s", a, b, Token(a), Token(b))
		}
		if checkLiteral(Token(a)) != nil || strings.Contains(Token(a), ".") || strings.Trim(Token(a), "-/_=.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
			t.Fatalf("%q is %s", a, Token(a))
		}
	})
}

var (
	aBatch  = effect.Batch{Pipeline: "stock", Generation: 2}
	anEntry = effect.Effect{
		Kind: effect.Insert, Cause: 7, Ordinal: 1, Name: "entries", Body: json.RawMessage(`{"account":"a.b","seq":3}`),
		CauseID: uuid.UUID{15: 1}, CorrelationID: uuid.UUID{15: 2},
	}
	entryKeys = effect.Keys{"entries": {"account", "seq"}}
)

func TestTemplates(t *testing.T) {
	for _, c := range []struct{ template, subject, text string }{
		{"read.{name}.{key}", "read.entries.a=2Eb.3", "read.entries.a.b,3"},
		{"x{kind}-{ordinal}.{position}.{pipeline}.{generation}", "xinsert-1.7.stock.2", "xinsert-1.7.stock.2"},
		{"r.{id}", "r." + effect.ID("stock", 2, 7, 1).String(), "r." + effect.ID("stock", 2, 7, 1).String()},
		{"r.{causation_id}.{correlation_id}.{level}", "r.00000000-0000-0000-0000-000000000001.00000000-0000-0000-0000-000000000002.debug",
			"r.00000000-0000-0000-0000-000000000001.00000000-0000-0000-0000-000000000002.debug"},
		{"{{{name}}}", "{entries}", "{entries}"},
		{"plain", "plain", "plain"},
		{"", "", ""},
	} {
		template, err := ParseTemplate(c.template)
		if err != nil {
			t.Error(err)
			continue
		}
		subject, err1 := template.subject(&aBatch, &anEntry, entryKeys)
		text, err2 := template.text(&aBatch, &anEntry, entryKeys)
		if subject != c.subject || text != c.text || err1 != nil || err2 != nil {
			t.Errorf("%s: subject %s, text %s, %v, %v", c.template, subject, text, err1, err2)
		}
	}
}

// TestKeysOfEffects: without a declaration an Insert has none, and another effect
// the one that it names.
func TestKeysOfEffects(t *testing.T) {
	template, err := ParseTemplate("k.{key}")
	if err != nil {
		t.Fatal(err)
	}
	for want, f := range map[string]effect.Effect{
		"k.=":           {Kind: effect.Insert, Name: "items", Body: []byte(`{"id":"a"}`)},
		"k.a":           {Kind: effect.Delete, Name: "items", Key: "a"},
		"k.=5B1=2C2=5D": {Kind: effect.Delete, Name: "items", Key: "[1,2]"},
		"k.b.2":         {Kind: effect.Delete, Name: "entries", Key: `["b",2]`},
		"k.order-1":     {Kind: effect.EmitEvent, Name: "entries", Key: "order-1"},
	} {
		if got, err := template.subject(&aBatch, &f, entryKeys); got != want || err != nil {
			t.Errorf("%s %s: %s, %v", f.Kind, f.Key, got, err)
		}
	}
	if _, err := template.subject(&aBatch, &effect.Effect{Kind: effect.Delete, Name: "entries", Key: "b"}, entryKeys); err == nil {
		t.Error("a key of one value was taken for one of two")
	}
	if _, err := template.subject(&aBatch, &effect.Effect{Kind: effect.Delete, Name: "items", Key: strings.Repeat("é", 200)}, entryKeys); err == nil {
		t.Error("a subject of 1,202 bytes was made")
	}
}

func TestTemplatesThatAreNone(t *testing.T) {
	for template, want := range map[string]string{
		"a.{nme}":  `unknown field "nme", known are `,
		"a.{name":  `a { stands alone`,
		"a.name}":  `a } stands alone`,
		"a.{}":     `unknown field ""`,
		"a.}{name": `a } stands alone`,
	} {
		if _, err := ParseTemplate(template); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", template, err)
		}
	}
}

func TestConfigurationsOfPublishers(t *testing.T) {
	sound := PublishConfig{Subject: "read.{name}", Reserved: []string{"infrastructure", "infrastructure_system"}, Headers: map[string]string{"Kind": "{kind}"}}
	for want, change := range map[string]func(*PublishConfig){
		"":                              func(*PublishConfig) {},
		"the engine's":                  func(c *PublishConfig) { c.Subject = "infrastructure.compute.{name}" },
		`"infrastructure_system" are`:   func(c *PublishConfig) { c.Subject = "infrastructure_system.{name}" },
		"for itself":                    func(c *PublishConfig) { c.Subject = "$JS.API.{name}" },
		"keeps subjects":                func(c *PublishConfig) { c.Subject = "_INBOX.{name}" },
		"a field in it":                 func(c *PublishConfig) { c.Subject = "{name}.x" },
		"first token has a field":       func(c *PublishConfig) { c.Subject = "r{name}.x" },
		"is empty":                      func(c *PublishConfig) { c.Subject = "" },
		"token of the subject is empty": func(c *PublishConfig) { c.Subject = "read..{name}" },
		"none that effects":             func(c *PublishConfig) { c.Subject = "read.*.{name}" },
		"no spaces":                     func(c *PublishConfig) { c.Subject = "read .{name}" },
		"the server's":                  func(c *PublishConfig) { c.Headers = map[string]string{"nats-Msg-Id": "x"} },
		`"a:b": a header's name has letters, digits`: func(c *PublishConfig) { c.Headers = map[string]string{"a:b": "x"} },
		`"": a header`:                        func(c *PublishConfig) { c.Headers = map[string]string{"": "x"} },
		"printable ASCII":                     func(c *PublishConfig) { c.Headers = map[string]string{"A": "x\r\nB: y"} },
		`headers: "A": a { stands`:            func(c *PublishConfig) { c.Headers = map[string]string{"A": "{"} },
		`collection "items" has no columns`:   func(c *PublishConfig) { c.Keys = effect.Keys{"items": nil} },
		"1026 bytes long, at most 1024":       func(c *PublishConfig) { c.Subject = "a." + strings.Repeat("b", 1024) },
		`unknown field "body", known are id,`: func(c *PublishConfig) { c.Subject = "read.{body}" },
	} {
		c := sound
		change(&c)
		if err := c.Validate(); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
}

// FuzzTemplate: what a projection says never adds a token, a wildcard or a line.
func FuzzTemplate(f *testing.F) {
	f.Add("read.{name}.{key}", "items", "a.b", "stock")
	f.Add("a{{}}.{key}{key}", "*", ">\r\n", "")
	f.Add("%.{name}", "%0A", "\xff", " ")
	f.Fuzz(func(t *testing.T, text, name, key, pipeline string) {
		c := PublishConfig{Subject: text, Headers: map[string]string{"A": text}}
		p, err := c.publisher()
		if err != nil {
			return
		}
		b := effect.Batch{Pipeline: pipeline}
		e := effect.Effect{Kind: effect.Delete, Name: name, Key: key}
		subject, err := p.subject.subject(&b, &e, nil)
		if err != nil {
			return
		}
		if err := checkLiteral(subject); err != nil || strings.Count(subject, ".") != strings.Count(literals(&p.subject), ".") {
			t.Errorf("%s: %s, %v", text, subject, err)
		}
		value, err := p.headers[0].value.text(&b, &e, nil)
		if err != nil || slices.ContainsFunc([]byte(value), func(c byte) bool { return c < ' ' || c > '~' }) {
			t.Errorf("%s: %q, %v", text, value, err)
		}
	})
}

func literals(t *Template) (text string) {
	for _, p := range t.parts {
		text += p.literal
	}
	return text
}

// FuzzMark: a header that anybody can write is a mark, or it is none.
func FuzzMark(f *testing.F) {
	f.Add("stock/1/2/3")
	f.Add("stock/1/2/99999999999")
	f.Add("/01/+2/")
	f.Fuzz(func(t *testing.T, text string) {
		if m, ok := parseMark(text); ok && m.String() != text {
			t.Errorf("%q is read as %s", text, m)
		}
	})
}

func TestMarks(t *testing.T) {
	m := mark{"stock", 2, 7, 1}
	if got, ok := parseMark(m.String()); !ok || got != m {
		t.Errorf("%s is read as %v, %v", m, got, ok)
	}
	for n, want := range map[mark]bool{
		m: true, {"stock", 2, 7, 0}: true, {"stock", 2, 6, 9}: true,
		{"stock", 2, 7, 2}: false, {"stock", 2, 8, 0}: false, {"stock", 1, 1, 0}: false, {"stock", 3, 1, 0}: false, {"other", 2, 1, 0}: false,
	} {
		if m.includes(n) != want {
			t.Errorf("%s includes %s: %v", m, n, !want)
		}
	}
}
