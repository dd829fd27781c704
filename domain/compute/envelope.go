package compute

import (
	"encoding/json"
	"fmt"
)

// EnvelopeType is the aggregate type that an envelope names.
const EnvelopeType = "compute_resource"

// Envelope is an event in a JSON form that says which kind of aggregate it
// belongs to: {"aggregate_type": "compute_resource", "event": {…}}.
type Envelope struct{ Event }

// MarshalJSON writes the envelope around the event's own JSON form.
func (v Envelope) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		AggregateType string `json:"aggregate_type"`
		Event         Event  `json:"event"`
	}{EnvelopeType, v.Event})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (v *Envelope) UnmarshalJSON(data []byte) error {
	o, err := parseObject(data)
	if err != nil {
		return err
	}
	if t := take[string](o, "aggregate_type"); t != EnvelopeType {
		o.fail("aggregate_type", fmt.Errorf("%q is not %q", t, EnvelopeType))
	}
	e := take[Event](o, "event")
	if err := o.close(); err != nil {
		return err
	}
	v.Event = e
	return nil
}
