package compute

import (
	"encoding/json"
	"strconv"
)

// The VLAN ids that can be assigned.
const (
	MinVLAN = 1
	MaxVLAN = 4094
)

// VLAN is the id of a virtual LAN; the zero VLAN is none.
type VLAN struct{ id uint16 }

// NewVLAN makes a VLAN of its id. The error is a *[NetworkError].
func NewVLAN(id int) (VLAN, error) {
	if id < MinVLAN || id > MaxVLAN {
		return VLAN{}, &NetworkError{InvalidVLAN, strconv.Itoa(id)}
	}
	return VLAN{uint16(id)}, nil
}

// ID returns the id; 0 for the zero VLAN.
func (v VLAN) ID() int { return int(v.id) }

// String returns the id in decimal.
func (v VLAN) String() string { return strconv.Itoa(int(v.id)) }

// MarshalJSON returns the id as a number; the zero VLAN has none.
func (v VLAN) MarshalJSON() ([]byte, error) {
	if v.id == 0 {
		return nil, &NetworkError{InvalidVLAN, "0"}
	}
	return []byte(v.String()), nil
}

// UnmarshalJSON reads a number and checks it as NewVLAN does.
func (v *VLAN) UnmarshalJSON(data []byte) error {
	var id int
	if err := json.Unmarshal(data, &id); err != nil {
		return &NetworkError{InvalidVLAN, string(data)}
	}
	parsed, err := NewVLAN(id)
	if err != nil {
		return err
	}
	*v = parsed
	return nil
}
