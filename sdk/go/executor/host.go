package executor

import (
	"time"

	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/go/internal/module"
	"github.com/refold-dev/refold/sdk/go/value"
)

// Print writes a line to the plugin's log; natively to standard error. Secrets do not
// belong there.
func Print(level Level, message string) { module.Log(int32(level), message) }

// ask passes a message to a function of the host and returns the values behind the
// code and the text of its answer.
func ask(f function, values ...frame.Slot) (answered, error) {
	m, err := frame.OpenMessage(call(f, frame.AppendMessage(nil, values...)))
	if err != nil {
		panic("refold: the host's answer: " + err.Error())
	}
	if code, _ := m.Value(0).Int64(); code != 0 {
		text, _ := m.Value(1).Bytes()
		return answered{}, &HostError{Code(code), string(text)}
	}
	return answered{m, 2}, nil
}

// answered reads the values of an answer in turn.
type answered struct {
	message frame.Message
	at      int
}

func (a *answered) more() bool { return a.at < a.message.Count() }

func (a *answered) next() frame.Slot {
	v := a.message.Value(a.at)
	a.at++
	return v
}

func (a *answered) text() string {
	b, _ := a.next().Bytes()
	return string(b)
}

func (a *answered) int() int64 {
	v, _ := a.next().Int64()
	return v
}

func text(s string) frame.Slot { return frame.BytesSlot(frame.String, []byte(s)) }

// body is a body as a string, or null for none.
func body(b []byte) frame.Slot {
	if len(b) == 0 {
		return frame.Slot{}
	}
	return frame.BytesSlot(frame.String, b)
}

// Header is a header of a request, an answer or a message.
type Header struct{ Name, Value string }

func appendHeaders(values []frame.Slot, headers []Header) []frame.Slot {
	for _, h := range headers {
		values = append(values, text(h.Name), text(h.Value))
	}
	return values
}

// Request is a request over HTTP.
type Request struct {
	Method string // "" means GET
	URL    string
	Header []Header
	Body   []byte
}

// Response is its answer.
type Response struct {
	Status int
	Header []Header // names in lower case
	Body   []byte
}

// Get returns the first header of a name in lower case, or "".
func (r *Response) Get(name string) string {
	for _, h := range r.Header {
		if h.Name == name {
			return h.Value
		}
	}
	return ""
}

// Send sends a request. Any status is an answer, a redirect, too. The error is a
// *[HostError].
func Send(r Request) (*Response, error) {
	if r.Method == "" {
		r.Method = "GET"
	}
	a, err := ask(hostHTTP, appendHeaders([]frame.Slot{text(r.Method), text(r.URL), body(r.Body)}, r.Header)...)
	if err != nil {
		return nil, err
	}
	out := &Response{Status: int(a.int()), Body: []byte(a.text())}
	for a.more() {
		name := a.text()
		out.Header = append(out.Header, Header{name, a.text()})
	}
	return out, nil
}

// Statement is a text with parameters, and their values: nil, bool, int, int64,
// float64, string, []byte, [UUID], [time.Time] or [JSON].
type Statement struct {
	Text string
	Args []any
}

// JSON is a parameter that is JSON text.
type JSON []byte

// Exec runs statements on a connection, all or none, and returns how many rows each
// has changed. The error is a *[HostError].
func Exec(connection string, statements ...Statement) ([]int64, error) {
	values := []frame.Slot{text(connection)}
	for _, s := range statements {
		values = append(values, text(s.Text), frame.IntSlot(int64(len(s.Args))))
		for _, arg := range s.Args {
			values = append(values, parameter(arg))
		}
	}
	a, err := ask(hostExec, values...)
	if err != nil {
		return nil, err
	}
	var changed []int64
	for a.more() {
		changed = append(changed, a.int())
	}
	return changed, nil
}

// Rows are what a statement returns: in each row a value for each column, which is
// nil, bool, int64, float64, string, []byte or [time.Time].
type Rows struct {
	Columns []string
	Values  [][]any
}

// Select runs one statement that returns rows. The error is a *[HostError].
func Select(connection, statement string, args ...any) (*Rows, error) {
	values := []frame.Slot{text(connection), text(statement)}
	for _, arg := range args {
		values = append(values, parameter(arg))
	}
	a, err := ask(hostSelect, values...)
	if err != nil {
		return nil, err
	}
	rows := &Rows{}
	for range a.int() {
		rows.Columns = append(rows.Columns, a.text())
	}
	for a.more() {
		row := make([]any, len(rows.Columns))
		for i := range row {
			row[i] = valueOf(a.next())
		}
		rows.Values = append(rows.Values, row)
	}
	return rows, nil
}

func parameter(arg any) frame.Slot {
	switch v := arg.(type) {
	case nil:
		return frame.Slot{}
	case bool:
		return frame.BoolSlot(v)
	case int:
		return frame.IntSlot(int64(v))
	case int64:
		return frame.IntSlot(v)
	case float64:
		return frame.FloatSlot(v)
	case string:
		return text(v)
	case []byte:
		return frame.BytesSlot(frame.Bytes, v)
	case value.UUID:
		return frame.BytesSlot(frame.UUID, v[:])
	case time.Time:
		return frame.TimeSlot(v.UnixNano())
	case JSON:
		return frame.BytesSlot(frame.JSON, v)
	}
	panic("refold: a parameter is of a type that cannot be bound")
}

func valueOf(s frame.Slot) any {
	b, _ := s.Bytes()
	switch s.Kind {
	case frame.Bool:
		v, _ := s.Bool()
		return v
	case frame.Int64:
		v, _ := s.Int64()
		return v
	case frame.Float64:
		v, _ := s.Float64()
		return v
	case frame.String:
		return string(b)
	case frame.Bytes:
		return append([]byte{}, b...)
	case frame.Time:
		v, _ := s.Time()
		return time.Unix(0, v).UTC()
	}
	return nil
}

// Message is a message for a stream. Its id is the host's to give: that of the effect
// that was yielded last.
type Message struct {
	Subject string
	Header  []Header
	Body    []byte
}

// Ack says where a message is stored.
type Ack struct {
	Stream    string
	Sequence  int64
	Duplicate bool // the stream had it already
}

// Publish stores a message in a stream. The error is a *[HostError].
func Publish(m Message) (*Ack, error) {
	a, err := ask(hostPublish, appendHeaders([]frame.Slot{text(m.Subject), body(m.Body)}, m.Header)...)
	if err != nil {
		return nil, err
	}
	ack := &Ack{Stream: a.text(), Sequence: a.int()}
	ack.Duplicate, _ = a.next().Bool()
	return ack, nil
}

// ReadSecret reads a secret. The error is a *[HostError].
func ReadSecret(name string) (string, error) {
	a, err := ask(hostSecret, text(name))
	if err != nil {
		return "", err
	}
	return a.text(), nil
}
