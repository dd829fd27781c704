package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/refold-dev/refold/eventstore/jetstream"
)

const (
	syncRisk = "nats-server acknowledges before it flushes to the disk, by default every two minutes: a power failure then loses acknowledged events (jepsen.io/analyses/nats-2.12.1)"
	syncHint = "set sync_interval: always in the server's jetstream block"
)

// monitored is what a server's monitoring port says of flushing.
type monitored struct {
	ServerID string `json:"server_id"`
	Disabled bool   `json:"disabled"`
	Config   struct {
		Interval time.Duration `json:"sync_interval"`
		Always   bool          `json:"sync_always"`
	} `json:"config"`
}

// sync judges when the server flushes, as far as that can be seen.
func (d *diagnosis) sync(ctx context.Context, seen jetstream.Inspection, monitors []string) {
	if len(monitors) == 0 {
		d.warn("sync", "not to be seen by a client. "+syncRisk, syncHint+"; --monitor http://HOST:8222 shows what is set there")
		return
	}
	asked := false
	for _, at := range monitors {
		m, err := askMonitor(ctx, at)
		if err != nil {
			d.fault("sync", err.Error(), "name the server's monitoring port, http_port in its configuration")
			continue
		}
		asked = asked || m.ServerID == seen.ServerID
		switch {
		case m.Disabled:
			d.fault("sync", at+" is of a server without JetStream", "name the monitoring port of a server that keeps the log")
		case m.Config.Always:
			d.ok("sync", fmt.Sprintf("always, says %s: what is acknowledged is on the disk", at))
		default:
			d.warn("sync", fmt.Sprintf("every %s, says %s. %s", m.Config.Interval, at, syncRisk), syncHint)
		}
	}
	if !asked {
		d.warn("monitor", fmt.Sprintf("none of the monitoring ports is that of the server at %s", seen.URL), "name the monitoring port of each server that keeps the log")
	}
}

// maxAnswer bounds what is read of a monitoring port's answer.
const maxAnswer = 1 << 20

func askMonitor(ctx context.Context, at string) (m monitored, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(at, "/")+"/jsz?config=true", nil)
	if err != nil {
		return m, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return m, fmt.Errorf("asking the monitoring port: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return m, fmt.Errorf("asking the monitoring port: %s answers %s", at, response.Status)
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&m); err != nil {
		return m, fmt.Errorf("asking the monitoring port: %s does not answer as one: %w", at, err)
	}
	if m.ServerID == "" {
		return m, fmt.Errorf("asking the monitoring port: %s does not answer as one", at)
	}
	return m, nil
}
