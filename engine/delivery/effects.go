package delivery

import (
	"cmp"
	"slices"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/sdk/frame"
)

// Effects reads the effects of a folded result into dst[:0]. events are the
// batch's, by index in the frame, and keyOf says which key one belongs to, so that
// a Query has that of whoever asks; it may be nil. The effects' bodies alias the
// result.
func Effects(dst []effect.Effect, result frame.Result, events []*event.Recorded, keyOf func(event int) []byte) []effect.Effect {
	dst = dst[:0]
	inOrder := true
	for e := range result.Effects() {
		cause := events[e.Cause]
		inOrder = inOrder && (len(dst) == 0 || dst[len(dst)-1].Cause <= cause.Position)
		dst = append(dst, effect.Effect{
			Kind:          effect.Kind(e.Kind),
			Level:         effect.Level(e.Level),
			Cause:         cause.Position,
			CauseID:       cause.ID,
			CorrelationID: cause.CorrelationID,
			CauseTime:     cause.Time.UTC(),
			Name:          string(e.Name),
			Key:           string(e.Key),
			Body:          e.Body,
		})
		if f := &dst[len(dst)-1]; f.Kind == effect.Query && keyOf != nil {
			f.Key = string(keyOf(e.Cause))
		}
	}
	if !inOrder { // groups stand one behind the other, their events interleave
		slices.SortStableFunc(dst, func(a, b effect.Effect) int { return cmp.Compare(a.Cause, b.Cause) })
	}
	for i := 1; i < len(dst); i++ {
		if dst[i].Cause == dst[i-1].Cause {
			dst[i].Ordinal = dst[i-1].Ordinal + 1
		}
	}
	return dst
}
