package postgres

// LoadFrom has so many whole rows be enough to ask which of them are new.
func (e *Executor) LoadFrom(rows int) { e.leastLoad = rows }
