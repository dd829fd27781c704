package config

import "slices"

// Identified is the declaration as a read model depends on it, with its plugin's
// digest in the place of where that is: with another one it is built anew. Left out
// is how effects come to executors, and where those go that keep no read model, and
// what becomes of the one before.
func (p Pipeline) Identified(plugin string) Pipeline {
	p.OnChange, p.Generations, p.Snapshots = "", Generations{}, Snapshots{}
	pr := &p.Projection
	pr.WASM, pr.SHA256, pr.Workers = plugin, "", 0
	if pr.Process != nil {
		process := pr.Process.identified()
		pr.Process = &process
	}
	p.Executors = slices.Clone(p.Executors)
	for i := range p.Executors {
		p.Executors[i] = p.Executors[i].identified()
	}
	return p
}

func (e Executor) identified() Executor {
	e.Delivery = Delivery{OnError: e.OnError}
	switch {
	case e.Process != nil:
		process := *e.Process
		process.Process = process.Process.identified()
		e.Process = &process
	case e.Filter != nil && e.Filter.Executor != nil:
		filter, behind := *e.Filter, e.Filter.Executor.identified()
		filter.Executor = &behind
		e.Filter = &filter
	case e.SQLite != nil:
		file := *e.SQLite
		file.Queries = nil
		e.SQLite = &file
	case e.Postgres != nil:
		database := e.Postgres.identified()
		e.Postgres = &database
	case e.WASM != nil: // what it does, it does to the world outside
		e.WASM = &WASMExecutor{}
	case e.HTTP != nil:
		e.HTTP = &HTTP{}
	case e.File != nil:
		e.File = &File{Folder: e.File.Folder}
	case e.NATS != nil:
		e.NATS = e.NATS.identified()
	}
	return e
}
