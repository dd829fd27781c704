package framejson

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/sdk/frame"
)

// EffectBatch is what a batch of effects says.
type EffectBatch struct {
	Pipeline   string          `json:"pipeline"`
	Generation uint64          `json:"generation,string"`
	After      uint64          `json:"after,string"`
	Through    uint64          `json:"through,string"`
	Effects    []BatchedEffect `json:"effects"`
}

// BatchedEffect is one of its effects.
type BatchedEffect struct {
	Kind          string    `json:"kind"`
	Level         uint16    `json:"level"`
	Cause         uint64    `json:"cause,string"` // position of the event
	Ordinal       uint32    `json:"ordinal"`
	ID            uuid.UUID `json:"id"`
	CauseID       uuid.UUID `json:"cause_id"`
	CorrelationID uuid.UUID `json:"correlation_id"`
	Time          int64     `json:"time,string"` // of the event, Unix nanoseconds
	Name          Text      `json:"name"`
	Key           Text      `json:"key"`
	Body          Text      `json:"body"`
}

// OfEffectBatch reads a batch of effects into its description.
func OfEffectBatch(b frame.EffectBatch) EffectBatch {
	h := b.Header()
	out := EffectBatch{Pipeline: h.Pipeline, Generation: h.Generation, After: h.After, Through: h.Through, Effects: []BatchedEffect{}}
	for _, e := range b.Effects() {
		out.Effects = append(out.Effects, BatchedEffect{
			Kind: effectNames[e.Kind], Level: e.Level, Cause: e.Cause, Ordinal: e.Ordinal, ID: e.ID,
			CauseID: e.CauseID, CorrelationID: e.CorrelationID, Time: e.Time,
			Name: append(Text{}, e.Name...), Key: append(Text{}, e.Key...), Body: append(Text{}, e.Body...),
		})
	}
	return out
}

// Frame builds the frame that says b.
func (b EffectBatch) Frame() ([]byte, error) {
	var w frame.EffectBatchWriter
	w.Reset(frame.EffectBatchHeader{Pipeline: b.Pipeline, Generation: b.Generation, After: b.After, Through: b.Through})
	for i, e := range b.Effects {
		kind := slices.Index(effectNames, e.Kind)
		if kind < 1 {
			return nil, fmt.Errorf("effect %d: kind %q is unknown", i, e.Kind)
		}
		w.Add(&frame.BatchedEffect{Kind: frame.EffectKind(kind), Level: e.Level, Cause: e.Cause, Ordinal: e.Ordinal, ID: e.ID,
			CauseID: e.CauseID, CorrelationID: e.CorrelationID, Time: e.Time, Name: e.Name, Key: e.Key, Body: e.Body})
	}
	return w.Finish()
}
