package engine

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// storedEffect is an effect as it is kept until somebody decides about it.
type storedEffect struct {
	Kind          string         `json:"kind"`
	Level         string         `json:"level,omitempty"`
	Cause         event.Position `json:"position"`
	Ordinal       uint32         `json:"ordinal"`
	CauseID       uuid.UUID      `json:"causation_id"`
	CorrelationID uuid.UUID      `json:"correlation_id"`
	CauseTime     time.Time      `json:"time"`
	Name          string         `json:"name,omitempty"`
	Key           string         `json:"key,omitempty"`
	// Body is the effect's, if that is JSON, and Raw if it is not.
	Body json.RawMessage `json:"body,omitempty"`
	Raw  []byte          `json:"raw,omitempty"`
}

func storeEffect(f *effect.Effect) json.RawMessage {
	s := storedEffect{
		Kind: f.Kind.String(), Cause: f.Cause, Ordinal: f.Ordinal,
		CauseID: f.CauseID, CorrelationID: f.CorrelationID, CauseTime: f.CauseTime,
		Name: f.Name, Key: f.Key,
	}
	if json.Valid(f.Body) {
		s.Body = f.Body
	} else {
		s.Raw = f.Body
	}
	if f.Kind == effect.Log {
		s.Level = f.Level.String()
	}
	text, _ := json.Marshal(s) // there is nothing in it that fails
	return text
}

func loadEffect(text json.RawMessage) (f effect.Effect, err error) {
	var s storedEffect
	if err := json.Unmarshal(text, &s); err != nil {
		return f, err
	}
	f = effect.Effect{
		Cause: s.Cause, Ordinal: s.Ordinal,
		CauseID: s.CauseID, CorrelationID: s.CorrelationID, CauseTime: s.CauseTime,
		Name: s.Name, Key: s.Key, Body: s.Body,
	}
	if s.Body == nil {
		f.Body = s.Raw
	}
	f.Kind, _ = effect.ParseKind(s.Kind)
	f.Level, _ = effect.ParseLevel(s.Level)
	return f, nil
}
