package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/cmd/refold/internal/enginetest"
	"github.com/refold-dev/refold/eventstore/resources"
)

// TestNamesSurviveKills kills registrations, with the log that is in their
// process, at any time. Then somebody else wants the name, and the killed one is
// repeated: one of them has it, and the other one is told so.
func TestNamesSurviveKills(t *testing.T) {
	rounds := 16
	if testing.Short() {
		rounds = 4
	}
	d := newDirectory(t)
	d.Run("resource", "register", "first", "--unique-hostname")
	random := rand.New(rand.NewPCG(20261124, 2))
	finished := 0
	for n := range rounds {
		name, first, second := fmt.Sprintf("host-%d", n), uuid.New(), uuid.New()
		d.registerAndKill(name, first, time.Duration(random.IntN(120))*time.Millisecond)
		winner := resources.ResourceID(first)
		_, err := enginetest.Output(d.Command("resource", "register", strings.ToUpper(name), "--unique-hostname", "--command-id", second.String()))
		if err == nil {
			winner = resources.ResourceID(second)
			if _, err := enginetest.Output(d.Command("resource", "register", name, "--unique-hostname", "--command-id", first.String())); err == nil {
				t.Errorf("%s is registered twice", name)
			}
		} else {
			finished++
			if !strings.Contains(err.Error(), winner.String()) {
				t.Errorf("%s: the second one: %v", name, err)
			}
			d.Run("resource", "register", name, "--unique-hostname", "--command-id", first.String())
		}
		if got := d.registered(name); len(got) != 1 || got[0] != winner {
			t.Errorf("%s is that of %v, want %s", name, got, winner)
		}
	}
	t.Logf("%d of %d had claimed the name when they were killed", finished, rounds)
}

func (d *directory) registerAndKill(name string, command uuid.UUID, after time.Duration) {
	c := d.Command("resource", "register", name, "--unique-hostname", "--command-id", command.String())
	if err := c.Start(); err != nil {
		d.Fatal(err)
	}
	time.Sleep(after)
	_ = c.Process.Kill()
	_ = c.Wait()
}

// registered are the resources that were registered under a name.
func (d *directory) registered(name string) (ids []uuid.UUID) {
	for line := range bytes.Lines(d.Run("event", "list", "--limit", "0", "--json")) {
		var e struct {
			Type string
			ID   uuid.UUID `json:"aggregate_id"`
			Data struct{ Hostname string }
		}
		if err := json.Unmarshal(line, &e); err != nil {
			d.Fatal(err)
		}
		if e.Type == "resource_registered" && strings.EqualFold(e.Data.Hostname, name) {
			ids = append(ids, e.ID)
		}
	}
	return ids
}
