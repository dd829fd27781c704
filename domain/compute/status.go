package compute

import "fmt"

// Status is where a resource is in its life.
type Status uint8

// The four statuses. A resource begins as Provisioning and ends as
// Decommissioned.
const (
	Provisioning Status = iota
	Active
	Maintenance
	Decommissioned
)

// Statuses lists all statuses in the order of a life.
func Statuses() []Status {
	return []Status{Provisioning, Active, Maintenance, Decommissioned}
}

// ParseStatus reads a status as String writes it.
func ParseStatus(s string) (Status, error) {
	for _, status := range Statuses() {
		if status.String() == s {
			return status, nil
		}
	}
	return 0, fmt.Errorf("%q is not a status: provisioning, active, maintenance or decommissioned", s)
}

// String returns the status in lower case.
func (s Status) String() string {
	switch s {
	case Provisioning:
		return "provisioning"
	case Active:
		return "active"
	case Maintenance:
		return "maintenance"
	case Decommissioned:
		return "decommissioned"
	}
	return fmt.Sprintf("status(%d)", uint8(s))
}

// MarshalText returns String(); a number that is not a status has no text.
func (s Status) MarshalText() ([]byte, error) {
	if s > Decommissioned {
		return nil, fmt.Errorf("%s is not a status", s)
	}
	return []byte(s.String()), nil
}

// UnmarshalText is ParseStatus.
func (s *Status) UnmarshalText(text []byte) (err error) {
	*s, err = ParseStatus(string(text))
	return err
}
