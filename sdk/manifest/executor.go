package manifest

import (
	"fmt"
	"slices"
)

// EffectKinds are the kinds of effect by name; frame.EffectKind numbers them from
// 1 on.
var EffectKinds = []string{"insert", "update", "delete", "query", "log", "emit_event"}

// Capability is something of the world outside that an executor may be granted.
type Capability string

// The capabilities, by the names under which a configuration grants them.
const (
	HTTP    Capability = "http"    // requests to hosts
	SQL     Capability = "sql"     // statements on connections
	NATS    Capability = "nats"    // messages on subjects
	Secrets Capability = "secrets" // texts by name
)

// MaxWants bounds what a manifest lists under wants.
const MaxWants = 64

// Executor is what an executor says about itself.
type Executor struct {
	ABI     int    `json:"abi"`
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	// Kinds are the kinds of effect that it performs.
	Kinds []string `json:"kinds"`
	// Wants are the capabilities that it cannot do without.
	Wants []Want `json:"wants,omitempty"`
	// SDK names the kit that built the plugin, such as "refold-go".
	SDK string `json:"sdk,omitempty"`
}

// Want is a capability that an executor cannot do without.
type Want struct {
	Capability Capability `json:"capability"`
	// Name is the host, connection, subject or secret, where the executor itself
	// knows it; empty where the configuration decides.
	Name string `json:"name,omitempty"`
	// Reason says what for, to whoever is to grant it.
	Reason string `json:"reason"`
}

func (m *Executor) validate() error {
	if err := validateHead(m.ABI, m.Name); err != nil {
		return err
	}
	if len(m.Kinds) == 0 {
		return fmt.Errorf("kinds is empty; an executor performs one kind of effect at least")
	}
	for i, kind := range m.Kinds {
		if !slices.Contains(EffectKinds, kind) || slices.Contains(m.Kinds[:i], kind) {
			return fmt.Errorf("kind of effect %q is unknown or listed twice", kind)
		}
	}
	return validateWants(m.Wants)
}

func validateWants(wants []Want) error {
	if len(wants) > MaxWants {
		return fmt.Errorf("%d wants are listed, at most %d are allowed", len(wants), MaxWants)
	}
	for i, w := range wants {
		same := func(o Want) bool { return o.Capability == w.Capability && o.Name == w.Name }
		switch {
		case !slices.Contains([]Capability{HTTP, SQL, NATS, Secrets}, w.Capability):
			return fmt.Errorf("capability %q is none of http, sql, nats, secrets", w.Capability)
		case len(w.Name) > 256:
			return fmt.Errorf("a name under %s has more than 256 bytes", w.Capability)
		case w.Reason == "" || len(w.Reason) > 256:
			return fmt.Errorf("the reason for %s %s must have 1 to 256 bytes", w.Capability, w.Name)
		case slices.ContainsFunc(wants[:i], same):
			return fmt.Errorf("%s %s is wanted twice", w.Capability, w.Name)
		}
	}
	return nil
}
