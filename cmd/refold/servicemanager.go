package main

import (
	"fmt"
	"log/slog"

	"github.com/coreos/go-systemd/v22/daemon"
)

// tellServiceManager tells what systemd shows and waits for where the unit has
// Type=notify (sd_notify(3)). It does nothing where no service manager has asked for it.
func tellServiceManager(logger *slog.Logger, state, status string) {
	if _, err := daemon.SdNotify(false, fmt.Sprintf("%s\nSTATUS=%s", state, status)); err != nil {
		logger.Warn("the service manager was not told of the engine's state", "state", state, "error", err)
	}
}
