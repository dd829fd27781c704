package engine

import "fmt"

// Problem says why a pipeline is not well: its coverage ledger does not add up, an
// executor has left something out, or it has stopped because of an error. It is
// empty for one that is well, and for one that somebody has paused.
func (s *Status) Problem() string {
	if !s.Covered() {
		return fmt.Sprintf("its coverage ledger does not add up at position %d: %d delivered + %d filtered + %d parked + %d dead-lettered = %d",
			s.Position, s.Delivered, s.Filtered, s.Parked, s.DeadLettered, s.Delivered+s.Filtered+s.Parked+s.DeadLettered)
	}
	for i := range s.Executors {
		if x := &s.Executors[i]; x.Position < s.Position {
			return fmt.Sprintf("its executor %s has performed the effects up to position %d, but the read model includes the events up to %d", x.Name, x.Position, s.Position)
		}
	}
	if s.State == Faulted {
		return s.Error
	}
	return ""
}
