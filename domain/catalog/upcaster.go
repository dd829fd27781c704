package catalog

// Upcaster leads from version From to From+1. So every version between 1 and
// the current one is a place where a chain can stop.
type Upcaster struct {
	From  uint32
	Steps []Step // at least one, applied in order
	// Fields are those of version From+1, as far as they are declared. Those of
	// the current version are declared at the Type, not here.
	Fields []Field
}

// Step is one change of a payload: [Rename], [Add], [Drop], [Move],
// [MapValues] or [Func].
//
// Steps name fields by path: "cpu" is a field of the payload, "spec.cpu" one of
// the object in the field spec. A field with a dot in its name needs a Func.
type Step interface {
	// compile checks the step and gives it its working form.
	compile(r *report) operation
}

// operation is a step that has been checked.
type operation interface {
	apply(o *Object) error
	digest(d *digester)
}

// Rename gives a field another name and leaves it in its place.
type Rename struct {
	Field string // path
	To    string // a name in the same object, which must be free
	// Optional leaves a payload without the field as it is; otherwise it is a
	// *MissingFieldError.
	Optional bool
}

// Add appends a field that older payloads do not have. A payload that has it
// keeps its value.
type Add struct {
	Field   string // path; objects on the way to it are made
	Default []byte // JSON
}

// Drop removes a field. A payload without it stays as it is.
type Drop struct {
	Field string // path
}

// Move takes a field out of one object and appends it to another.
type Move struct {
	Field string // path
	To    string // path, which must be free; objects on the way to it are made
	// Optional leaves a payload without the field as it is; otherwise it is a
	// *MissingFieldError.
	Optional bool
}

// MapValues replaces a field's value by what a table says.
type MapValues struct {
	Field string // path
	// Values is the table. Texts are compared by what they say, numbers by how
	// they are written.
	Values []Mapping
	// Default stands in for a value that is not in the table, as JSON. Without
	// one such a value is an *InvalidFieldError.
	Default []byte
	// Optional leaves a field that is absent, or null and not in the table, as
	// it is.
	Optional bool
}

// Mapping is a line of a MapValues table. Both are JSON; From is no array or
// object.
type Mapping struct{ From, To []byte }

// Func is a step in Go, for what the others cannot say.
type Func struct {
	// Name and Revision stand for the code in the catalog's digest: change the
	// revision whenever Up comes to do something else.
	Name, Revision string
	// Up changes the payload. It must be pure: same payload in, same payload
	// out. Its error becomes that of the upcast, as UpcastError.Err.
	Up func(o *Object) error
}
