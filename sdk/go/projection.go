package refold

// Projection is one of [Stateless], [Resident] and [Keyed].
type Projection interface {
	describe() description
	// folds reports whether it has a Fold.
	folds() bool
	// fold folds a batch; the error is a *rejection.
	fold(b *batch, out *Effects) error
	// answer is nil where the projection answers no queries.
	answer() func(query string) ([]byte, error)
}

// Stateless is a projection that has effects only.
type Stateless struct {
	Name    string
	Version string
	// Events are the event types that it wants; none means all.
	Events []string
	// Fold folds one event. An error rejects the event.
	Fold func(e Event, out *Effects) error
}

// Resident is a projection that keeps its state in ordinary Go variables. The
// host saves and restores them with the whole instance.
type Resident struct {
	Name    string
	Version string
	// Events are the event types that it wants; none means all.
	Events []string
	// Fold folds one event. An error rejects the event.
	Fold func(e Event, out *Effects) error
	// Query answers a read with JSON text; an empty query asks for everything.
	// It must not change the state. It may be nil.
	Query func(query string) ([]byte, error)
}

// Keyed is a projection whose state the host keeps, one value of type S a key.
// S is stored as JSON, or as it says itself where *S has the methods
// AppendBinary and UnmarshalBinary.
type Keyed[S any] struct {
	Name    string
	Version string
	// Key is the payload field to key by, a path as in [StringField]; empty
	// means the aggregate's id.
	Key string
	// Events are the event types that it wants; none means all.
	Events []string
	// Fold folds one event into the state of its key: the zero S for a key
	// without state. An error rejects the event.
	Fold func(s *S, e Event, out *Effects) error
}

// Register makes p the module's projection. Call it once, from init.
func Register(p Projection) {
	if guest.projection != nil {
		panic("refold: a module holds one projection, and Register was called twice")
	}
	if !p.folds() {
		panic("refold: the projection " + p.describe().name + " has no Fold")
	}
	guest.projection = p
}

func (p Stateless) folds() bool { return p.Fold != nil }
func (p Resident) folds() bool  { return p.Fold != nil }
func (p Keyed[S]) folds() bool  { return p.Fold != nil }

func (p Stateless) describe() description {
	return description{name: p.Name, version: p.Version, state: "stateless", events: p.Events}
}

func (p Stateless) fold(b *batch, out *Effects) error { return foldUnkeyed(b, out, p.Fold) }

func (p Stateless) answer() func(string) ([]byte, error) { return nil }

func (p Resident) describe() description {
	return description{name: p.Name, version: p.Version, state: "resident", events: p.Events}
}

func (p Resident) fold(b *batch, out *Effects) error { return foldUnkeyed(b, out, p.Fold) }

func (p Resident) answer() func(string) ([]byte, error) { return p.Query }

func (p Keyed[S]) describe() description {
	return description{name: p.Name, version: p.Version, state: "keyed", key: p.Key, events: p.Events}
}

func (p Keyed[S]) fold(b *batch, out *Effects) error {
	for g := range b.frame.Groups() {
		if err := foldGroup(b, g, out, p.Fold); err != nil {
			return err
		}
	}
	return nil
}

func (p Keyed[S]) answer() func(string) ([]byte, error) { return nil }
