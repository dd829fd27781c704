package jetstream

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// Codes of the server's refusals that the client's library does not name.
const (
	codeStreamCreate   jetstream.ErrorCode = 10049 // a stream cannot be made, for a reason of the server's own
	codeWrongLastMsgID jetstream.ErrorCode = 10070
	codeBatchDropped   jetstream.ErrorCode = 10176 // "batch is incomplete": nothing of it is stored
	codeBatchDuplicate jetstream.ErrorCode = 10201 // one of the batch's event ids is stored
	codeTooManyBatches jetstream.ErrorCode = 10210
)

// answer is what the server says to a publish.
type answer struct {
	Sequence  uint64              `json:"seq"`
	Duplicate bool                `json:"duplicate"`
	Stream    string              `json:"stream"`
	Error     *jetstream.APIError `json:"error"`
}

// parseAnswer reads the answer to a publish; a refusal is the error.
func parseAnswer(m *nats.Msg) (answer, error) {
	if a, ok := parseStored(m.Data); ok {
		return a, nil
	}
	var a answer
	if err := json.Unmarshal(m.Data, &a); err != nil {
		return a, fmt.Errorf("the answer to a publish is no JSON: %w", err)
	}
	if a.Error != nil {
		return a, a.Error
	}
	if a.Stream == "" || a.Sequence == 0 {
		return a, errors.New("the answer to a publish has no stream sequence")
	}
	return a, nil
}

// parseStored reads the answer that nearly all publishes get, in the layout that
// the server gives it, and no other.
func parseStored(body []byte) (answer, bool) {
	w := walker{rest: body, ok: true}
	w.literal(`{"stream":"`)
	stream := w.until('"')
	w.literal(`,"seq":`)
	a := answer{Stream: string(stream), Sequence: w.uint()}
	w.literal(`}`)
	name := len(stream) > 0 && bytes.IndexFunc(stream, func(r rune) bool { return r < ' ' || r == '\\' || r > '~' }) < 0
	return a, w.ok && len(w.rest) == 0 && name && a.Sequence > 0
}

// refused reports whether err is the server's refusal with one of the codes.
func refused(err error, codes ...jetstream.ErrorCode) bool {
	var api *jetstream.APIError
	if !errors.As(err, &api) {
		return false
	}
	for _, code := range codes {
		if api.ErrorCode == code {
			return true
		}
	}
	return false
}

// stale reports whether the server refused an expectation.
func stale(err error) bool {
	return refused(err, jetstream.JSErrCodeStreamWrongLastSequence, jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}

// dropped reports whether the server gave up an atomic batch, for reasons that
// may have passed.
func dropped(err error) bool { return refused(err, codeBatchDropped, codeTooManyBatches) }

// explainAppend tells a refusal, after which nothing is stored, from an answer
// that never came.
func explainAppend(agg event.Aggregate, err error) error {
	var api *jetstream.APIError
	var tooLarge *eventstore.TooLargeError
	if errors.As(err, &api) || errors.As(err, &tooLarge) || errors.Is(err, nats.ErrNoResponders) {
		return fmt.Errorf("appending to %s: %w", agg, err)
	}
	return &eventstore.UnknownOutcomeError{Aggregate: agg, Err: err}
}
