package filter

import (
	"slices"

	"github.com/refold-dev/refold/domain/effect"
)

// Rule says which effects are let through: those that satisfy all of its
// conditions. A condition is about the kinds that have what it asks for; others
// satisfy it. The zero value lets everything through.
type Rule struct {
	// Kinds are the kinds that are let through; none means all.
	Kinds []effect.Kind
	// Level is the least level of Log effects.
	Level effect.Level
	// Collections are those of Insert, Update and Delete effects; none means all.
	Collections []string
	// Events are the event types of EmitEvent effects; none means all.
	Events []string
}

// passes reports whether the rule lets an effect through.
func (r *Rule) passes(f *effect.Effect) bool {
	if !r.admits(f.Kind) {
		return false
	}
	switch f.Kind {
	case effect.Insert, effect.Update, effect.Delete:
		return isListed(f.Name, r.Collections)
	case effect.EmitEvent:
		return isListed(f.Name, r.Events)
	case effect.Log:
		return f.Level >= r.Level
	}
	return true
}

// admits reports whether some effect of kind k is let through.
func (r *Rule) admits(k effect.Kind) bool { return isListed(k, r.Kinds) }

// isListed holds for everything if nothing is listed. Lists are short: looking
// through one costs less than hashing.
func isListed[T comparable](v T, list []T) bool { return len(list) == 0 || slices.Contains(list, v) }
