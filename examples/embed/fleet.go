package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/refold-dev/refold/domain/compute"
)

var kinds = []string{"physical_server", "virtual_machine", "hypervisor", "firewall", "load_balancer"}

// buildFleet registers servers, assigns each to an organization and a location,
// and activates it. It returns their ids.
func buildFleet(ctx context.Context, resources *resources, size int) ([]uuid.UUID, error) {
	organization, location := compute.OrganizationID{UUID: newID()}, compute.LocationID{UUID: newID()}
	bar := newBar(4 * size)
	var fleet []uuid.UUID
	for i := range size {
		hostname, err := compute.ParseHostname(fmt.Sprintf("srv%02d.fleet.example.com", i+1))
		if err != nil {
			return nil, err
		}
		id, o := newID(), origin()
		commands := []compute.Command{
			compute.RegisterResource{EventID: o.EventID, Time: o.Time, CorrelationID: o.CorrelationID, Hostname: hostname, ResourceType: compute.ParseResourceType(kinds[i%len(kinds)])},
			compute.AssignOrganization{Origin: origin(), OrganizationID: organization},
			compute.AssignLocation{Origin: origin(), LocationID: location},
			compute.ChangeStatus{Origin: origin(), ToStatus: compute.Active},
		}
		for _, c := range commands {
			if _, err := resources.Execute(ctx, id, c); err != nil {
				return nil, fmt.Errorf("%s of %s: %w", c.Name(), hostname, err)
			}
			_ = bar.Add(1)
		}
		fleet = append(fleet, id)
	}
	fmt.Printf("   %d events appended, each one durable before the next\n", 4*size)
	return fleet, nil
}

// newBar shows progress on a terminal, and nothing elsewhere.
func newBar(total int) *progressbar.ProgressBar {
	w := io.Discard
	if term.IsTerminal(int(os.Stdout.Fd())) {
		w = os.Stdout
	}
	return progressbar.NewOptions(total,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription("   appending"),
		progressbar.OptionShowCount(),
		progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(50*time.Millisecond),
		progressbar.OptionClearOnFinish())
}

// changeFleet changes the status of some servers and returns how long after the
// last append the read model showed it.
func changeFleet(ctx context.Context, r *refold, fleet []uuid.UUID) (time.Duration, error) {
	for i, id := range fleet[:8] {
		to := compute.Maintenance
		if i >= 5 {
			to = compute.Decommissioned
		}
		if _, err := r.resources.Execute(ctx, id, compute.ChangeStatus{Origin: origin(), ToStatus: to}); err != nil {
			return 0, err
		}
	}
	appended := time.Now()
	err := r.caughtUp(ctx)
	return time.Since(appended).Round(10 * time.Microsecond), err
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// origin is that of a command that nothing but its user has caused.
func origin() compute.Origin {
	return compute.Origin{EventID: newID(), Time: time.Now().UTC(), CorrelationID: newID()}
}
