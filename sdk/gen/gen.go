package gen

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"go/format"
	"slices"
	"text/template"

	"github.com/refold-dev/refold/sdk/language"
)

// Event is a type of event.
type Event struct {
	Type    string // such as "order_placed"
	Version uint32 // the current schema version
	Fields  []Field
}

// Field is a top-level field of a payload.
type Field struct {
	Name string
	Kind Kind
	// Optional fields may be absent or null.
	Optional bool
}

// Kind is what a field's value is, by the catalog's names.
type Kind string

// The kinds.
const (
	Any     Kind = "any"
	String  Kind = "string"
	Integer Kind = "integer"
	Number  Kind = "number"
	Boolean Kind = "boolean"
	Array   Kind = "array"
	Object  Kind = "object"
	UUID    Kind = "uuid"
	Time    Kind = "time"
)

// Options are for languages that ask for more than the events.
type Options struct {
	// Package is the package of Go code; default main, as a guest's.
	Package string
}

// ErrNoEvents is a catalog without a type.
var ErrNoEvents = errors.New("the catalog declares no event type")

//go:embed templates
var sources embed.FS

var templates = template.Must(template.ParseFS(sources, "templates/*.tmpl"))

// writer is how a language is written.
type writer struct {
	template string
	view     func([]Event) (view, error)
	format   func([]byte) ([]byte, error) // or nil
}

var writers = map[language.Language]writer{
	language.Go:             {"go.tmpl", goView, format.Source},
	language.C:              {"c.tmpl", cView, nil},
	language.Rust:           {"rust.tmpl", rustView, nil},
	language.AssemblyScript: {"assemblyscript.tmpl", assemblyScriptView, nil},
	language.Zig:            {"zig.tmpl", zigView, nil},
	language.TypeScript:     {"typescript.tmpl", scriptView, nil},
	language.JavaScript:     {"javascript.tmpl", scriptView, nil},
}

// Languages lists the languages that can be written.
func Languages() []language.Language {
	all := []language.Language{language.Go, language.Rust, language.AssemblyScript, language.Zig, language.TypeScript, language.JavaScript, language.C}
	return slices.DeleteFunc(all, func(l language.Language) bool {
		_, ok := writers[l]
		return !ok
	})
}

// Generate writes the events as a source of a language. The error is
// ErrNoEvents, a *language.UnknownError, or says what the language cannot hold.
func Generate(lang language.Language, events []Event, o Options) ([]byte, error) {
	w, ok := writers[lang]
	if !ok {
		return nil, &language.UnknownError{Name: string(lang), Known: Languages()}
	}
	if len(events) == 0 {
		return nil, ErrNoEvents
	}
	v, err := w.view(events)
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", lang, err)
	}
	if v.Package = o.Package; v.Package == "" {
		v.Package = "main"
	}
	var text bytes.Buffer
	if err := templates.ExecuteTemplate(&text, w.template, v); err != nil {
		return nil, fmt.Errorf("writing %s: %w", lang, err)
	}
	if w.format == nil {
		return text.Bytes(), nil
	}
	return w.format(text.Bytes())
}

// view is what the templates show.
type view struct {
	Package string
	Events  []eventView
	HasTime bool // some field is a time
	HasJSON bool // some field is shown as JSON text
	Slots   []slotView
	Types   string // the event types as a list in JSON
	Paths   string // the slots as a list in JSON
}

type eventView struct {
	Event
	Name         string // of the type that stands for the payload
	Const        string // of the event type
	VersionConst string
	Shown        []fieldView
	Absent       []string // quoted names of fields that the language has no form for
}

type fieldView struct {
	Field
	Ident string
	Key   string // the name in the payload, as the language quotes it
	Type  string
	Zero  string // what it is before it is read
	Read  string // how it is read
	Has   string // the name of what says whether it is there
}
