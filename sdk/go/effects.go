package refold

import (
	"unsafe"

	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/go/internal/module"
)

// Level is the severity of a log line.
type Level uint16

// The levels.
const (
	Debug Level = iota
	Info
	Warn
	Error
)

// Print writes a line to the plugin's log at once, for whoever debugs it; natively to
// standard error. [Effects.Log] is the one that counts.
func Print(level Level, message string) { module.Log(int32(level), message) }

// Effects collects what a fold asks for. The host carries effects out, in the
// order of their events. Everything handed over is copied.
type Effects struct {
	result      frame.ResultWriter
	cause       int
	removeState bool // asked for by the event begun last
	object      Object
	scratch     []byte
}

// begin starts an event.
func (o *Effects) begin(index int) {
	o.cause, o.removeState = index, false
	beginEvent(int32(index))
}

// Insert writes a whole row: it creates the row, or replaces the row with the
// same primary key. The row is a JSON object.
func (o *Effects) Insert(table string, row []byte) {
	o.add(frame.Insert, 0, table, "", row)
}

// Update changes some columns of the row with a primary key; a row that does
// not exist is left so. A key of several columns is a JSON array of their
// values.
func (o *Effects) Update(table, key string, columns []byte) {
	o.add(frame.Update, 0, table, key, columns)
}

// Delete removes the row with a primary key; a row that does not exist is no
// error.
func (o *Effects) Delete(table, key string) { o.add(frame.Delete, 0, table, key, nil) }

// Query asks for a read whose answer becomes an event. The parameters are a
// JSON object.
func (o *Effects) Query(text string, parameters []byte) {
	o.add(frame.Query, 0, text, "", parameters)
}

// Log writes a line to the operator's log, as an effect: once for each event,
// whatever is retried.
func (o *Effects) Log(level Level, message string) {
	o.add(frame.Log, level, "", "", view(message))
}

// EmitEvent appends an event to the log. The data is a JSON object.
func (o *Effects) EmitEvent(eventType string, data []byte) {
	o.add(frame.EmitEvent, 0, eventType, "", data)
}

// RemoveState removes the event's key and its state from a keyed projection,
// once Fold returns. The key's next event starts from the zero S.
func (o *Effects) RemoveState() { o.removeState = true }

// Object returns an empty JSON object to write a row into. It is the same one
// at every call, so hand it over before the next.
func (o *Effects) Object() *Object {
	o.object.Reset()
	return &o.object
}

func (o *Effects) add(kind frame.EffectKind, level Level, name, key string, body []byte) {
	o.result.AddEffect(&frame.Effect{
		Kind: kind, Level: uint16(level), Cause: o.cause,
		Name: view(name), Key: view(key), Body: body,
	})
}

// view returns a string's bytes without a copy, to be read only.
func view(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
