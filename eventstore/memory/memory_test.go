package memory_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/storetest"
)

func TestStore(t *testing.T) {
	forever := storetest.Features{Forget: func(*testing.T, eventstore.Log, []uuid.UUID) {}}
	storetest.Run(t, forever, func(t *testing.T) eventstore.Store {
		s := memory.New()
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
		return s
	})
}
