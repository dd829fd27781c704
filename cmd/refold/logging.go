package main

import (
	"cmp"
	"log/slog"

	"github.com/refold-dev/refold/engine/config"
)

// engineLogger is what an engine logs by, to standard error: from the level on that the
// YAML says, or else from usual on. --verbose and --json win over the YAML.
func (a *app) engineLogger(l *config.Logging, usual slog.Level) *slog.Logger {
	level := usual
	if l.Level != "" {
		_ = level.UnmarshalText([]byte(l.Level)) // it has been validated
	}
	if a.verb {
		level = slog.LevelDebug
	}
	options := &slog.HandlerOptions{Level: level}
	switch format := cmp.Or(l.Format, "auto"); {
	case a.json, format == "json", format == "auto" && !isTerminal(a.err):
		return slog.New(slog.NewJSONHandler(a.err, options))
	}
	return slog.New(slog.NewTextHandler(a.err, options))
}
