package rows

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"github.com/refold-dev/refold/domain/effect"
)

// Queries say that an executor answers Query effects, and bound what an answer
// costs. Whoever may ask may read all that the executor can.
type Queries struct {
	// Timeout is how long an answer may take; 0 means five seconds.
	Timeout time.Duration
	// Rows and Bytes are how many an answer may have; 0 means 1,000, and 256 KiB: it
	// becomes an event, and many a log takes no more than a MiB.
	Rows, Bytes int
}

// WithDefaults puts the defaults in the places of zeros.
func (q Queries) WithDefaults() Queries {
	if q.Timeout == 0 {
		q.Timeout = 5 * time.Second
	}
	if q.Rows == 0 {
		q.Rows = 1000
	}
	if q.Bytes == 0 {
		q.Bytes = 256 << 10
	}
	return q
}

// Validate checks the bounds. Its error is a [ConfigError].
func (q *Queries) Validate() error {
	for _, of := range []struct {
		field string
		n     int64
	}{{"timeout", int64(q.Timeout)}, {"rows", int64(q.Rows)}, {"bytes", int64(q.Bytes)}} {
		if of.n < 0 {
			return &ConfigError{Field: "queries." + of.field, Reason: "is negative"}
		}
	}
	return nil
}

// Parameter is a value that a query is given.
type Parameter struct {
	Type fastjson.Type
	// Text is the string itself, a number as it is written, true, false, or the JSON
	// of an array or object; empty for null.
	Text string
}

// Question is the query of an effect, with its parameters by their numbers.
type Question struct {
	// Text has numbers for parameters, written as Syntax says.
	Text       string
	Parameters []Parameter
}

// Condemn blames a Query effect.
func Condemn(q *effect.Effect, format string, args ...any) *RowError {
	return &RowError{Position: q.Cause, Ordinal: q.Ordinal, Reason: "the query " + fmt.Sprintf(format, args...)}
}

// Ask makes a question of a Query effect. The body is an object whose members the
// text names as :member, an array whose items it numbers from $1 on, or nothing. All
// of them have to be used. The error is a [*RowError].
func Ask(q *effect.Effect, s *Syntax) (Question, error) {
	given, err := parametersOf(q)
	if err != nil {
		return Question{}, err
	}
	w := &questioner{given: given, syntax: s, numbers: map[string]int{}}
	text, reason := w.rewrite(q.Name)
	if reason != "" {
		return Question{}, Condemn(q, "%s", reason)
	}
	for _, p := range given.names {
		if _, used := w.numbers[p]; !used {
			return Question{}, Condemn(q, "does not use its parameter %s", p)
		}
	}
	return Question{text, w.parameters}, nil
}

// Within is a query that has the question's rows, and at most one more than there may
// be. The question is a part of one that selects, so it is one that does, too; and
// the declared tables, by their names, are those that are stored as tables says: a
// generation is asked about its own.
func (q *Question) Within(tables map[string]string, bounds Queries) string {
	var with []string
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		with = append(with, Quote(name)+" AS NOT MATERIALIZED (SELECT * FROM "+tables[name]+")")
	}
	return fmt.Sprintf("WITH %s SELECT * FROM (\n%s\n) AS q LIMIT %d", strings.Join(with, ", "), q.Text, bounds.Rows+1)
}

// parameters are those of an effect, by the names that a text has for them.
type parameters struct {
	names  []string
	values map[string]Parameter
}

func parametersOf(q *effect.Effect) (parameters, error) {
	all := parameters{values: map[string]Parameter{}}
	if len(q.Body) == 0 {
		return all, nil
	}
	v, reason := new(decoder).parse(q.Body)
	if reason != "" {
		return all, Condemn(q, "has a body that %s", reason)
	}
	switch v.Type() {
	case fastjson.TypeNull:
	case fastjson.TypeArray:
		for i, item := range v.GetArray() {
			all.add("$"+strconv.Itoa(i+1), item)
		}
	case fastjson.TypeObject:
		twice := ""
		v.GetObject().Visit(func(name []byte, member *fastjson.Value) {
			if !all.add(":"+string(name), member) {
				twice = string(name)
			}
		})
		if twice != "" {
			return all, Condemn(q, "has the parameter %.64q twice", twice)
		}
	default:
		return all, Condemn(q, "has a body of JSON type %s, not an object or an array", jsonType(v.Type()))
	}
	return all, nil
}

func (p *parameters) add(name string, v *fastjson.Value) bool {
	if _, twice := p.values[name]; twice {
		return false
	}
	// Before anything looks at v's type, a string in it is still as it was written.
	text := string(v.MarshalTo(nil))
	typ := v.Type()
	switch typ {
	case fastjson.TypeNull:
		text = ""
	case fastjson.TypeString:
		text = string(v.GetStringBytes())
	}
	p.names = append(p.names, name)
	p.values[name] = Parameter{typ, text}
	return true
}

// Syntax is how a database writes what a query may have.
type Syntax struct {
	// Number begins a numbered parameter: $ or ?.
	Number string
	// Brackets and Backticks quote names.
	Brackets, Backticks bool
	// Dollars quote texts, such as $$text$$ and $tag$text$tag$, comments nest, and
	// E'text' has escapes.
	Dollars bool
}

// questioner rewrites a text.
type questioner struct {
	given      parameters
	syntax     *Syntax
	numbers    map[string]int
	parameters []Parameter
	out        strings.Builder
}

// rewrite puts numbers in the places of parameters. What is quoted or a comment is
// left as it is. A text is one statement, and fits between parentheses.
func (w *questioner) rewrite(text string) (rewritten, reason string) {
	if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
		return "", "is not valid UTF-8, or has a NUL character"
	}
	text = strings.TrimRight(text, " \t\r\n;")
	depth := 0
	for at := 0; at < len(text); {
		n := w.syntax.quoted(text, at)
		switch c := text[at]; {
		case n > 0:
		case c == ';':
			return "", "has several statements"
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth < 0 {
				return "", "closes a parenthesis that it has not opened"
			}
		default:
			var reason string
			if n, reason = w.parameter(text, at); reason != "" {
				return "", reason
			}
			if n > 0 {
				at += n
				continue
			}
		}
		n = max(n, 1)
		w.out.WriteString(text[at : at+n])
		at += n
	}
	if text == "" {
		return "", "is empty"
	}
	return w.out.String(), ""
}

// parameter writes the number of the parameter that stands at a place, and returns
// how long its name is there; 0 if none stands there.
func (w *questioner) parameter(text string, at int) (n int, reason string) {
	c := text[at]
	if c != ':' && c != '$' || at > 0 && (text[at-1] == ':' || inWord(text[at-1])) {
		return 0, ""
	}
	end := at + 1
	for end < len(text) && inWord(text[end]) {
		end++
	}
	name := text[at:end]
	if len(name) == 1 || (name[1] >= '0' && name[1] <= '9') != (c == '$') {
		return 0, ""
	}
	value, ok := w.given.values[name]
	if !ok {
		return 0, fmt.Sprintf("names the parameter %.64s, which its body does not have", name)
	}
	number, seen := w.numbers[name]
	if !seen {
		w.parameters = append(w.parameters, value)
		number = len(w.parameters)
		w.numbers[name] = number
	}
	w.out.WriteString(w.syntax.Number + strconv.Itoa(number))
	return end - at, ""
}

func inWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf
}

// quoted is how long the quotation or comment is that begins at a place; 0 if none
// does. One that does not end goes to the text's end.
func (s *Syntax) quoted(text string, at int) int {
	rest := text[at:]
	switch {
	case strings.HasPrefix(rest, "--"):
		return until(rest, 2, "\n")
	case strings.HasPrefix(rest, "/*"):
		return s.comment(rest)
	case rest[0] == '\'' && s.Dollars && at > 0 && (text[at-1] == 'e' || text[at-1] == 'E') && (at == 1 || !inWord(text[at-2])):
		return escaped(rest)
	case rest[0] == '\'', rest[0] == '"', rest[0] == '`' && s.Backticks:
		return until(rest, 1, rest[:1])
	case rest[0] == '[' && s.Brackets:
		return until(rest, 1, "]")
	case rest[0] == '$' && s.Dollars && (at == 0 || !inWord(text[at-1])):
		return dollars(rest)
	}
	return 0
}

// until is how long a text is that ends with end, which is looked for from a place
// on.
func until(text string, from int, end string) int {
	if i := strings.Index(text[from:], end); i >= 0 {
		return from + i + len(end)
	}
	return len(text)
}

func (s *Syntax) comment(text string) int {
	if !s.Dollars {
		return until(text, 2, "*/")
	}
	depth := 0
	for i := 0; i+1 < len(text); i++ {
		switch text[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			i++
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

// escaped is a text in which a backslash takes the meaning from what follows it.
func escaped(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '\'':
			return i + 1
		}
	}
	return len(text)
}

// dollars is a text between two equal tags; 0 if no tag begins it.
func dollars(text string) int {
	end := 1
	for end < len(text) && inWord(text[end]) && (end > 1 || text[end] < '0' || text[end] > '9') {
		end++
	}
	if end == len(text) || text[end] != '$' {
		return 0
	}
	return until(text, end+1, text[:end+1])
}
