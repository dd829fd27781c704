package config

import (
	"reflect"

	"gopkg.in/yaml.v3"
)

// Config is all that -c names: one file, or the files of a folder together.
type Config struct {
	At `yaml:"-"`
	// Include are other files of the configuration, with the same keys.
	Include []Include `yaml:"include" json:"-"`
	// Store says where the event log is.
	Store Store `yaml:"store"`
	// Pipelines are what the engine runs.
	Pipelines []Pipeline `yaml:"pipelines"`
	// Replay says how the engine works replay jobs.
	Replay Replay `yaml:"replay" json:",omitzero"`
	// Control says by what else than HTTP a running engine can be asked.
	Control Control `yaml:"control" json:",omitzero"`
	// Log says what the engine logs, and how.
	Log Logging `yaml:"log" json:",omitzero"`
	// Monitor says where health and metrics are served.
	Monitor Monitor `yaml:"monitor" json:",omitzero"`
	// Tracing says where spans are exported to.
	Tracing Tracing `yaml:"tracing" json:",omitzero"`
	// Reload says when a running engine takes all this anew.
	Reload Reload `yaml:"reload" json:",omitzero"`
	// Catalog declares event types; the others are taken as they are.
	Catalog []EventType `yaml:"catalog" json:",omitempty"`

	// Files are those that have been read, in this order.
	Files []string `yaml:"-" json:"-"`

	hidden []standin
}

// merge adds a file's content: lists are appended, and each other key may only one file
// set.
func (c *Config) merge(file Config) (errs Errors) {
	if c.pos.File == file.pos.File { // the only one, or the one that includes the others
		c.At = file.At
	}
	c.hidden = append(c.hidden, file.hidden...)
	into, from := reflect.ValueOf(c).Elem(), reflect.ValueOf(file)
	for i := range from.NumField() {
		key := from.Type().Field(i).Tag.Get("yaml")
		if key == "" || key == "-" {
			continue
		}
		if from.Field(i).Kind() == reflect.Slice {
			into.Field(i).Set(reflect.AppendSlice(into.Field(i), from.Field(i)))
			continue
		}
		if !file.Sets(key) {
			continue
		}
		if first := placeIn(into.Field(i)); first.Line > 0 {
			errs = append(errs, &Error{Pos: placeIn(from.Field(i)), Message: key + " is set twice, first at " + first.String(), Hint: "keep one of the two"})
		}
		into.Field(i).Set(from.Field(i))
	}
	return errs
}

// placeIn is where the mapping stands that a value was decoded from.
func placeIn(v reflect.Value) Pos {
	at, _ := v.FieldByName("At").Interface().(At)
	return at.pos
}

// Store says where the event log is.
type Store struct {
	At `yaml:"-"`
	// URL names an external NATS server or cluster; empty runs one in process.
	URL string `yaml:"url" json:"url,omitempty"`
	Login
	// Stream is the stream's name on the server at URL; default the prefix in
	// upper case with "_EVENTS" behind it.
	Stream string `yaml:"stream" json:"stream,omitempty"`
	// Replicas is the number of copies that a cluster keeps. 0 makes a new stream
	// with one and takes an existing one as it is.
	Replicas int `yaml:"replicas" json:"replicas,omitempty"`
	// Prefix is the first token of every subject; default "infrastructure".
	Prefix string `yaml:"prefix" json:"prefix,omitempty"`
	// Sync says when the embedded log flushes to disk: "always" (default), before
	// an append is acknowledged, or "interval".
	Sync string `yaml:"sync" json:"sync,omitempty"`
	// Archive says how the log's local copy is stored: "plain" (default), or "zstd",
	// with all but its latest segments compressed.
	Archive string `yaml:"archive" json:"archive,omitempty"`
}

// ArchiveZstd is the archive whose older segments are compressed.
const ArchiveZstd = "zstd"

// Pipeline is one source → projection → executors.
type Pipeline struct {
	At `yaml:"-" json:"-"`
	// Name tells the pipeline from the others, and is what commands name it by.
	Name       string     `yaml:"name" json:"name"`
	Source     Source     `yaml:"source" json:"source"`
	Projection Projection `yaml:"projection" json:"projection"`
	Executors  []Executor `yaml:"executors" json:"executors,omitempty"`
	// OnError says what becomes of an event that cannot be folded, or whose effects
	// cannot be performed: "quarantine" parks its key, "dead_letter" leaves it out,
	// "halt" stops the pipeline. Empty means quarantine where the projection is
	// keyed, and halt elsewhere.
	OnError string `yaml:"on_error" json:"on_error,omitempty"`
	// OnChange says what becomes of the read model when another declaration, or another
	// module, is to maintain it: "rebuild" builds it anew beside the old one, "continue"
	// goes on from the state that there is, "refuse" stops the pipeline. Empty means
	// rebuild.
	OnChange string `yaml:"on_change" json:"on_change,omitempty"`
	// Generations says which read models are kept that have been replaced.
	Generations Generations `yaml:"generations" json:"generations,omitzero"`
	// Snapshots says which copies of the state are made for time travel.
	Snapshots Snapshots `yaml:"snapshots" json:"snapshots,omitzero"`
}

// Generations says which generations are kept that have served and do no more, for a
// rollback: the latest ones.
type Generations struct {
	At `yaml:"-" json:"-"`
	// Keep is how many; nil means one.
	Keep *int `yaml:"keep" json:"keep,omitempty"`
	// For is how long each is kept; 0 means for ever.
	For Duration `yaml:"for" json:"for,omitempty"`
}

// Kept is how many generations are kept.
func (g *Generations) Kept() int {
	if g.Keep == nil {
		return 1
	}
	return *g.Keep
}

// Source narrows the events that a pipeline sees. The zero value leaves it to
// the projection's manifest.
type Source struct {
	At `yaml:"-" json:"-"`
	// Events are event types; empty means those of the manifest.
	Events []string `yaml:"events" json:"events,omitempty"`
	// Aggregates are aggregate types; empty means all.
	Aggregates []string `yaml:"aggregates" json:"aggregates,omitempty"`
}

// Projection names the plugin that folds: a module, or a process.
type Projection struct {
	At `yaml:"-" json:"-"`
	// WASM is the path of the module, or of a script, whose name ends in .js; it is
	// relative to the YAML file, and absolute once loaded.
	WASM string `yaml:"wasm" json:"wasm,omitempty"`
	// Process says how the plugin is started, if it is a process; of what follows,
	// only Key is about one.
	Process *Process `yaml:"process" json:"process,omitempty"`
	// SHA256 pins the module, in hex; empty takes it as it is.
	SHA256 string `yaml:"sha256" json:"sha256,omitempty"`
	// Key is the payload field that a keyed projection is keyed by, and
	// overrides the manifest's; empty means the manifest's.
	Key string `yaml:"key" json:"key,omitempty"`
	// MemoryPages bounds the module's memory, in pages of 64 KiB; 0 means the
	// default.
	MemoryPages int `yaml:"memory_pages" json:"memory_pages,omitempty"`
	// FuelPerEvent bounds what folding one event may cost, in units of about one
	// instruction; 0 means the default.
	FuelPerEvent int64 `yaml:"fuel_per_event" json:"fuel_per_event,omitempty"`
	// StackSlots bounds how deep the module's calls nest, in slots of about a
	// local variable each; 0 means the default.
	StackSlots int `yaml:"stack_slots" json:"stack_slots,omitempty"`
	// Workers is how many instances of the module fold parts of a batch at the same
	// time; 0 means one. It changes nothing but the speed.
	Workers int `yaml:"workers" json:"workers,omitempty"`
}

// Executor is one kind of executor, and what is said of it beside.
type Executor struct {
	At       `yaml:"-" json:"-"`
	Delivery `json:",omitzero"`

	SQLite   *SQLite   `yaml:"sqlite" json:"sqlite,omitempty"`
	Postgres *Postgres `yaml:"postgres" json:"postgres,omitempty"`
	Log      *Log      `yaml:"log" json:"log,omitempty"`
	Filter   *Filter   `yaml:"filter" json:"filter,omitempty"`
	Collect  *Collect  `yaml:"collect" json:"collect,omitempty"`
	Null     *Null     `yaml:"null" json:"null,omitempty"`
	// Process performs what a plugin of its own handles.
	Process *ProcessExecutor `yaml:"process" json:"process,omitempty"`
	// WASM performs what a module in the sandbox handles.
	WASM *WASMExecutor `yaml:"wasm" json:"wasm,omitempty"`
	// HTTP posts effects to a URL.
	HTTP *HTTP `yaml:"http" json:"http,omitempty"`
	// File appends effects to files.
	File *File `yaml:"file" json:"file,omitempty"`
	NATS *NATS `yaml:"nats" json:"nats,omitempty"`
}

// SQLite maintains tables in a SQLite file.
type SQLite struct {
	At `yaml:"-" json:"-"`
	// Path is the file, relative to the data directory.
	Path   string  `yaml:"path" json:"path"`
	Tables []Table `yaml:"tables" json:"tables"`
	// Queries has Query effects answered.
	Queries *Queries `yaml:"queries" json:"queries,omitempty"`
}

// Table declares a table of a read model.
type Table struct {
	At `yaml:"-" json:"-"`
	// Name is what effects name as their collection.
	Name    string  `yaml:"name" json:"name"`
	Columns Columns `yaml:"columns" json:"columns"`
	// PrimaryKey are the columns that tell rows from each other: a row with the same
	// takes the place of the one before.
	PrimaryKey []string `yaml:"primary_key" json:"primary_key"`
}

// Columns are written as a mapping from name to type; their order is kept.
type Columns []Column

// Column is one column of a table.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
	pos  Pos
}

func (c *Columns) decodeNode(d *decoder, n *yaml.Node) {
	d.named(n, "a mapping from column to type", "write `name: type`, one a line", "column %q is declared twice", func(name string, value *yaml.Node) {
		if value.Kind != yaml.ScalarNode || value.ShortTag() != "!!str" {
			d.fail(value, "", "expected a column type, found %s", kindOf(value))
			return
		}
		*c = append(*c, Column{Name: name, Type: value.Value, pos: d.pos(value)})
	})
}

// Log writes Log effects to the engine's log.
type Log struct {
	At `yaml:"-" json:"-"`
}
