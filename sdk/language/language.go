// Package language names the languages that guests are written in.
//
// It is a list of names, in the order in which they are shown, and the rule how
// one is found by what a user has typed. Whoever makes a project, builds one or
// generates code for one looks its language up here.
package language

import (
	"fmt"
	"slices"
	"strings"
)

// Language is a language that guests are written in, by its name in lower case.
type Language string

// The languages.
const (
	Go             Language = "go"
	C              Language = "c"
	Rust           Language = "rust"
	AssemblyScript Language = "assemblyscript"
	JavaScript     Language = "javascript"
	Zig            Language = "zig"
	// TypeScript is what JavaScript projections are checked with; it has
	// declarations only.
	TypeScript Language = "typescript"
)

// titles are the languages' names as people write them.
var titles = map[Language]string{
	Go: "Go", C: "C", Rust: "Rust", AssemblyScript: "AssemblyScript", JavaScript: "JavaScript", TypeScript: "TypeScript", Zig: "Zig",
}

// Title is the language's name as people write it.
func (l Language) Title() string { return titles[l] }

// others are names that people use besides.
var others = map[string]Language{
	"golang": Go, "rs": Rust, "as": AssemblyScript, "asc": AssemblyScript, "js": JavaScript, "ts": TypeScript, "h": C,
}

// UnknownError is a name that none of the languages in question has.
type UnknownError struct {
	Name  string
	Known []Language
}

func (e *UnknownError) Error() string {
	if e.Name == "" {
		return "no language is named"
	}
	return fmt.Sprintf("unknown language %q", e.Name)
}

// Names are the known languages' names.
func (e *UnknownError) Names() []string {
	names := make([]string, len(e.Known))
	for i, l := range e.Known {
		names[i] = string(l)
	}
	return names
}

// Parse finds a language among those that are known where it is asked for. Upper
// case, and customary short forms, are fine. The error is an *UnknownError.
func Parse(name string, known []Language) (Language, error) {
	l := Language(strings.ToLower(name))
	if other, ok := others[string(l)]; ok {
		l = other
	}
	if !slices.Contains(known, l) {
		return "", &UnknownError{name, known}
	}
	return l, nil
}
