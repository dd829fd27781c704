package manifest

// ABI is the ABI version that this package speaks.
const ABI = 1

// State says who keeps a projection's state.
type State string

// The kinds of state.
const (
	// Stateless projections have effects only.
	Stateless State = "stateless"
	// Resident projections keep their state in their own memory; the host
	// snapshots the instance.
	Resident State = "resident"
	// Keyed projections get and return the state of each key with every batch.
	Keyed State = "keyed"
)

// FieldType is the type as which a projection wants a payload field.
type FieldType string

// The types of field; frame.Kind has the same names.
const (
	Bool   FieldType = "bool"
	I64    FieldType = "i64"
	F64    FieldType = "f64"
	String FieldType = "string"
	Bytes  FieldType = "bytes"
	UUID   FieldType = "uuid"
	Time   FieldType = "time"
)

// Field is a payload field that the host decodes into a slot.
type Field struct {
	// Path is the field's name; a dot descends into an object.
	Path string    `json:"path"`
	Type FieldType `json:"type"`
}

// Manifest is what a projection says about itself.
type Manifest struct {
	ABI     int    `json:"abi"`
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	State   State  `json:"state"`
	// Key is the payload field that a keyed projection is keyed by, a path as
	// in Field; empty means the aggregate's id.
	Key string `json:"key,omitempty"`
	// Events are the event types that the projection wants, in the order of the
	// type indexes it sees; empty means all.
	Events []string `json:"events,omitempty"`
	// Fields become the slots of each event, in this order.
	Fields []Field `json:"fields,omitempty"`
	// SDK names the kit that built the plugin, such as "refold-go".
	SDK string `json:"sdk,omitempty"`
}
