package reservation

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/compute"
)

// Claim says which resource wants a hostname, and by which command it is to be
// registered.
type Claim struct {
	Hostname     compute.Hostname     `json:"hostname"`
	ResourceType compute.ResourceType `json:"resource_type"`
	ResourceID   uuid.UUID            `json:"resource_id"`
	CommandID    uuid.UUID            `json:"command_id"`
}

// Held is a claim that was granted.
type Held struct {
	Claim
	Time          time.Time // of the command
	CorrelationID uuid.UUID // of the command
}

// Registration is the command that the claim is for.
func (h Held) Registration() compute.RegisterResource {
	return compute.RegisterResource{
		EventID: h.CommandID, Time: h.Time, CorrelationID: h.CorrelationID,
		Hostname: h.Hostname, ResourceType: h.ResourceType,
	}
}

// State is who has a hostname.
type State struct{ Holder *Held }

// HeldBy reports whether a resource has the name.
func (s State) HeldBy(resource uuid.UUID) bool {
	return s.Holder != nil && s.Holder.ResourceID == resource
}

// Take asks for a name.
type Take struct {
	Claim
	// Done is a holder of which it is known that it will not need the name any
	// more; nil if there is none.
	Done uuid.UUID
}

// Give gives a name back.
type Give struct{ ResourceID uuid.UUID }

// TakenError is a claim on a name that is held.
type TakenError struct{ Held Held }

func (e *TakenError) Error() string {
	return fmt.Sprintf("hostname %s is held by resource %s", e.Held.Hostname, e.Held.ResourceID)
}

func (t Take) decide(s State) ([]Payload, error) {
	switch {
	case s.Holder == nil || s.HeldBy(t.Done):
		return []Payload{Claimed{t.Claim}}, nil
	case s.Holder.Claim == t.Claim:
		return nil, nil
	}
	return nil, &TakenError{*s.Holder}
}

func (g Give) decide(s State) ([]Payload, error) {
	if !s.HeldBy(g.ResourceID) {
		return nil, nil
	}
	return []Payload{Released(g)}, nil
}
