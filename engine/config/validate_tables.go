package config

import (
	"path/filepath"
	"strings"
)

// database is what an executor keeps tables in, as far as its declaration says.
type database struct {
	name   string
	at     Pos
	tables []Table
}

// databaseOf is that of an executor; without a name of one that has none.
func databaseOf(e *Executor) database {
	switch x := e.Innermost(); {
	case x == nil:
	case x.SQLite != nil && x.SQLite.Path != "":
		return database{"sqlite " + filepath.Clean(x.SQLite.Path), x.SQLite.Where("path"), x.SQLite.Tables}
	case x.Postgres != nil && (x.Postgres.URL != "" || x.Postgres.URLEnv != "" || x.Postgres.URLFile != ""):
		p := x.Postgres
		return database{strings.Join([]string{"postgres", string(p.URL), p.URLEnv, p.URLFile, p.Schema}, " "), p.pos, p.Tables}
	}
	return database{}
}

// tablesOnce refuses tables that two executors would take from each other: within a
// pipeline those of one database, for it has one position there; and a table that
// belongs to another pipeline.
func (r *rules) tablesOnce(pipelines []Pipeline) {
	type owner struct {
		pipeline int
		at       Pos
	}
	owners := map[string]owner{}
	for i := range pipelines {
		p := &pipelines[i]
		own := map[string]Pos{}
		for j := range p.Executors {
			d := databaseOf(&p.Executors[j])
			if d.name == "" {
				continue
			}
			if at, twice := own[d.name]; twice {
				r.fail(d.at, "declare the tables of both in one of them", "two executors of the pipeline keep tables in one database, the first at %s", at)
				continue
			}
			own[d.name] = d.at
			for k := range d.tables {
				t := &d.tables[k]
				name, at := d.name+" "+t.Name, t.Where("name")
				if first, twice := owners[name]; twice && t.Name != "" && first.pipeline != i {
					r.fail(at, "a table belongs to one pipeline: give this one another name, or another file or schema", "table %q is declared in two pipelines, first at %s", t.Name, first.at)
					continue
				}
				owners[name] = owner{i, at}
			}
		}
	}
}

// collectionsOf are those that an executor keeps rows of; nil where it takes any.
func collectionsOf(e *Executor) (names []string) {
	tables := databaseOf(e).tables
	for i := range tables {
		names = append(names, tables[i].Name)
	}
	if e.NATS != nil && e.NATS.KV != nil {
		for _, key := range e.NATS.KV.Keys {
			names = append(names, key.Collection)
		}
	}
	return names
}
