package process

import (
	"log/slog"
	"time"
)

// Options are what a host needs. The zero value has defaults.
type Options struct {
	// Logger gets what plugins say, and what becomes of them; nil drops it.
	Logger *slog.Logger
	// StartTimeout bounds how long a process may take until it has introduced
	// itself; default one minute.
	StartTimeout time.Duration
	// Health is how often an idle process is asked whether it is well, and how long it
	// may take to answer; default ten seconds.
	Health time.Duration
}

// Host starts processes. It is safe for concurrent use, and holds nothing.
type Host struct{ options Options }

// NewHost returns a host.
func NewHost(o Options) *Host {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.StartTimeout == 0 {
		o.StartTimeout = time.Minute
	}
	if o.Health == 0 {
		o.Health = 10 * time.Second
	}
	return &Host{o}
}
