package config

import (
	"bytes"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	yamlplace "go.yaml.in/yaml/v4"
)

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// syntaxError places an error of the YAML library, which knows the line only, and that
// not always.
func syntaxError(file string, text []byte, err error) *Error {
	e := &Error{Pos: Pos{file, 1, 1}, Message: err.Error(), Hint: "check indentation (spaces only), quotes and colons on this line and the one before"}
	problem := err.Error()
	if m := yamlLine.FindStringSubmatch(problem); m != nil {
		problem = m[2]
		e.Message = "not valid YAML: " + problem
		e.Line, _ = strconv.Atoi(m[1])
		e.Line = max(e.Line, 1)
	}
	lines := lineBreak.Split(string(text), -1)
	e.Line = min(e.Line, len(lines))
	at, ok := brokenAt(text, problem)
	if ok && at.Line <= len(lines) && at.Column <= utf8.RuneCountInString(lines[at.Line-1])+1 { // it errs where lines end with \r alone
		e.Line, e.Column = at.Line, at.Column
	}
	near := lines[max(e.Line-2, 0):min(e.Line+1, len(lines))]
	if strings.Contains(strings.Join(near, ""), "${") {
		e.Hint = "put a variable in quotes where it stands within braces or brackets: \"${NAME}\""
	}
	return e
}

// brokenAt is the place at which the YAML library's successor, which knows the column too,
// has the same problem: there, or where that begins which is not closed by the text's end.
func brokenAt(text []byte, problem string) (yamlplace.Mark, bool) {
	if strings.HasPrefix(problem, "control characters") {
		return controlAt(text)
	}
	docs := yamlplace.NewDecoder(bytes.NewReader(text))
	for {
		var doc yamlplace.Node
		err := docs.Decode(&doc)
		if err == nil {
			continue
		}
		var placed *yamlplace.LoadError
		if !errors.As(err, &placed) || placed.Message != problem || placed.Mark.Line < 1 {
			return yamlplace.Mark{}, false
		}
		if placed.ContextMark.Line > 0 && ends(text, placed.Mark.Line) || problem == noColon {
			return placed.ContextMark, true
		}
		return placed.Mark, true
	}
}

// noColon is the problem of a word that stands where a key is wanted, which is seen behind it.
const noColon = "could not find expected ':'"

// ends reports whether a line is behind all that a text has.
func ends(text []byte, line int) bool {
	return line > bytes.Count(bytes.TrimRight(text, "\r\n \t"), []byte("\n"))+1
}

// controlAt is the place of the first letter that YAML takes nowhere.
func controlAt(text []byte) (yamlplace.Mark, bool) {
	at := bytes.IndexFunc(text, func(r rune) bool {
		return unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r' && r != '\u0085' || r == '\ufffe' || r == '\uffff'
	})
	if at < 0 {
		return yamlplace.Mark{}, false
	}
	lines := lineBreak.Split(string(text[:at]), -1)
	return yamlplace.Mark{Line: len(lines), Column: utf8.RuneCountInString(lines[len(lines)-1]) + 1}, true
}

// lineBreak is what YAML takes for one.
var lineBreak = regexp.MustCompile("\r\n|[\r\n\u0085\u2028\u2029]")
