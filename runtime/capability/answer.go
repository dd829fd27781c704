package capability

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/refold-dev/refold/sdk/frame"
)

// code is what an answer begins with. sdk/ABI.md has the list.
type code int64

const (
	ok            code = 0
	codeDenied    code = 1
	badRequest    code = 2
	unavailable   code = 3
	codeTimeout   code = 4
	tooLarge      code = 5
	codeRefused   code = 6
	maxTextLength      = 4 << 10
)

// failure is a call that was not done, or not to its end.
type failure struct {
	code code
	text string
	err  error // the cause; may be nil
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.err }

func fail(c code, format string, args ...any) *failure {
	err := fmt.Errorf(format, args...)
	return &failure{code: c, text: err.Error(), err: errors.Unwrap(err)}
}

// failureOf gives an error its code: that of a failure, or one by its kind.
func failureOf(err error) *failure {
	var f *failure
	var denied *NotGrantedError
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &denied):
		return &failure{codeDenied, denied.Error(), denied}
	case errors.Is(err, context.DeadlineExceeded):
		return &failure{codeTimeout, err.Error(), err}
	}
	return &failure{unavailable, err.Error(), err}
}

// failed is the answer that tells of a failure.
func (f *failure) answer() []byte {
	text := strings.ToValidUTF8(f.text[:min(len(f.text), maxTextLength)], "\uFFFD")
	return frame.AppendMessage(nil, frame.IntSlot(int64(f.code)), str(text))
}

// done is the answer of a call that was done, with these values; what is too large
// is not done for the guest.
func done(values []frame.Slot) []byte {
	message := frame.AppendMessage(nil, append([]frame.Slot{frame.IntSlot(int64(ok)), str("")}, values...)...)
	if len(message) > frame.MaxMessage {
		return fail(tooLarge, "the answer has %d bytes, more than %d", len(message), frame.MaxMessage).answer()
	}
	return message
}

// str is a string value, with U+FFFD for what is not UTF-8.
func str(text string) frame.Slot {
	return frame.BytesSlot(frame.String, []byte(strings.ToValidUTF8(text, "\uFFFD")))
}

// reader reads the values of a request in turn.
type reader struct {
	message frame.Message
	at      int
	what    string // the function
}

func (r *reader) more() bool { return r.at < r.message.Count() }

func (r *reader) next() frame.Slot {
	v := r.message.Value(r.at)
	r.at++
	return v
}

// text is a value that has to be a string, and to have text.
func (r *reader) text(what string) (string, error) {
	v := r.next()
	b, _ := v.Bytes()
	if v.Kind != frame.String || len(b) == 0 {
		return "", fail(badRequest, "%s: value %d is no %s", r.what, r.at-1, what)
	}
	return string(b), nil
}

// body is a value that is a string, bytes, JSON or null.
func (r *reader) body() ([]byte, error) {
	v := r.next()
	b, _ := v.Bytes()
	switch v.Kind {
	case frame.Null:
		return nil, nil
	case frame.String, frame.Bytes, frame.JSON:
		return b, nil
	}
	return nil, fail(badRequest, "%s: value %d is no body", r.what, r.at-1)
}

// headers are names and values in turn, to the request's end.
func (r *reader) headers() (pairs [][2]string, err error) {
	size := 0
	for r.more() {
		name, err := r.text("header name")
		if err != nil {
			return nil, err
		}
		v := r.next()
		value, _ := v.Bytes()
		if v.Kind != frame.String || !isToken(name) || !isHeaderValue(value) {
			return nil, fail(badRequest, "%s: the header %q cannot be sent: a name is letters, digits and dashes, a value one line of text", r.what, name)
		}
		if size += len(name) + len(value); size > maxHeaders {
			return nil, fail(tooLarge, "%s: the headers have more than %d bytes", r.what, maxHeaders)
		}
		pairs = append(pairs, [2]string{name, string(value)})
	}
	return pairs, nil
}

// maxHeaders bounds headers, in bytes.
const maxHeaders = 64 << 10

// isToken reports whether a text can name a header.
func isToken(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("!#$%&'*+-.^_`|~", r))
	})
}

// isHeaderValue reports whether bytes can be a header's value: no line ends, no
// control characters but tabs.
func isHeaderValue(value []byte) bool {
	for _, b := range value {
		if b < ' ' && b != '\t' || b == 0x7f {
			return false
		}
	}
	return true
}
