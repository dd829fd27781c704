package framejson

import (
	"fmt"

	"github.com/refold-dev/refold/sdk/frame"
)

// Message is the values of a message.
type Message []Slot

// OfMessage reads a message into its description.
func OfMessage(m frame.Message) Message {
	out := Message{}
	for i := range m.Count() {
		out = append(out, OfSlot(m.Value(i)))
	}
	return out
}

// Frame builds the message that says m.
func (m Message) Frame() ([]byte, error) {
	values := make([]frame.Slot, len(m))
	for i, s := range m {
		var err error
		if values[i], err = s.slot(); err != nil {
			return nil, fmt.Errorf("value %d: %w", i, err)
		}
	}
	return frame.AppendMessage(nil, values...), nil
}
