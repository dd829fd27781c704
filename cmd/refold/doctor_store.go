package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/datadir"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
)

// store finds where the log is, and what a power failure costs an embedded one.
// It reports whether the checks behind it make sense.
func (d *diagnosis) store(dir datadir.Dir, c *config.Config) (config.Store, bool) {
	const name = "store"
	store, err := (&session{dir: dir}).whichStore(c)
	if err == nil && c != nil {
		err = dir.CheckStore(store)
	}
	switch {
	case err != nil:
		d.failed(name, err, "")
		return store, false
	case store.URL != "":
		d.ok(name, "external, by store.url")
	case store.Sync == string(embedded.SyncInterval):
		d.warn(name, "embedded, store.sync is interval: a power failure loses what was appended in the last second, although it was acknowledged", "set store.sync: always")
	default:
		d.ok(name, "embedded, store.sync is always: what is acknowledged is on the disk")
	}
	return store, true
}

// external checks a log on a server elsewhere, and reports whether it can be
// opened.
func (d *diagnosis) external(ctx context.Context, dir datadir.Dir, store config.Store, monitors []string) bool {
	cfg, err := logConfig(store, nil)
	if err != nil {
		d.failed("server", err, "mend store.token_file, or store.password_file")
		return false
	}
	seen, err := jetstream.Inspect(ctx, cfg)
	switch {
	case seen.Version == "":
		d.failed("server", err, "start that server, or mend what store: says of it")
		return false
	case errors.Is(err, natsjs.ErrJetStreamNotEnabled), errors.Is(err, natsjs.ErrJetStreamNotEnabledForAccount):
		d.fault("server", fmt.Sprintf("nats-server %s at %s keeps no streams", seen.Version, seen.URL), "enable JetStream there: a block jetstream { store_dir: DIR } in its configuration")
		return false
	case err != nil:
		d.failed("server", err, "")
		return false
	}
	d.server(seen)
	d.encryption(seen)
	d.sync(ctx, seen, monitors)
	_, err = dir.Store()
	return d.stream(seen.Stream, err == nil)
}

// server judges the version.
func (d *diagnosis) server(seen jetstream.Inspection) {
	text := fmt.Sprintf("nats-server %s at %s, JetStream is enabled", seen.Version, seen.URL)
	switch {
	case !atLeast(seen.Version, 2, 12):
		d.fault("server", text, "appends of several events need nats-server 2.12 or later")
	case !atLeast(seen.Version, 2, 14):
		d.warn("server", text, "imports are slow: fast batches need nats-server 2.14 or later")
	default:
		d.ok("server", text)
	}
}

// atLeast reports whether a version such as 2.12.1-RC.1 is major.minor or later.
func atLeast(version string, major, minor int) bool {
	var gotMajor, gotMinor int
	if n, _ := fmt.Sscanf(strings.TrimPrefix(version, "v"), "%d.%d", &gotMajor, &gotMinor); n < 2 {
		return false
	}
	return gotMajor > major || gotMajor == major && gotMinor >= minor
}

func (d *diagnosis) encryption(seen jetstream.Inspection) {
	const name = "tls"
	switch {
	case seen.TLS:
		d.ok(name, "the connection is encrypted")
	case seen.Loopback:
		d.ok(name, "not used, and the server is on this machine")
	default:
		d.warn(name, "events and credentials travel in the clear", "give the server a tls block, and use a URL that begins with tls://")
	}
}

// stream checks the settings that the log needs, and reports whether it can be
// opened. Used is whether the data directory has had a log there.
func (d *diagnosis) stream(s *jetstream.StreamState, used bool) bool {
	switch {
	case s == nil && used:
		d.fault("stream", "there is none, and the data directory belongs to one", logHint)
		return false
	case s == nil:
		d.warn("stream", "there is none yet", "`refold run` makes it")
		return false
	case s.Conflict != nil:
		d.fault("stream", s.Conflict.Error(), "")
		return false
	}
	d.ok("stream", s.Name+" has the settings that a log needs")
	d.replicas(s)
	return true
}

func (d *diagnosis) replicas(s *jetstream.StreamState) {
	const name = "replicas"
	switch {
	case s.Stuck != nil:
		d.failed(name, s.Stuck, "")
	case len(s.Away) > 0:
		d.warn(name, fmt.Sprintf("%d, of which these do not answer, or are behind: %s", s.Replicas, strings.Join(s.Away, ", ")), "start those servers: when most of them are away, the log takes no appends")
	case s.Replicas < 3:
		d.warn(name, fmt.Sprintf("%d: a lost disk is a lost log, but for the archive", s.Replicas), "have three replicas in a cluster, or keep backups: `refold event export`")
	default:
		d.ok(name, fmt.Sprint(s.Replicas))
	}
}

const logHint = "`refold event verify` names the first fault; `refold archive restore` puts back what is missing at the end, with --anew what an embedded log has lost in its midst"

// log checks what the stream holds.
func (d *diagnosis) log(ctx context.Context, s *session, store config.Store) {
	cfg, err := logConfig(store, nil)
	var seen jetstream.Inspection
	if err == nil {
		if cfg.URL == "" {
			cfg.URL, cfg.Token = s.logURL, s.token
		}
		seen, err = jetstream.Inspect(ctx, cfg)
	}
	if err != nil {
		d.failed("log", err, "")
		return
	}
	refusal := refusalOf(ctx, s.log)
	switch st := seen.Stream; {
	case st == nil:
		d.fault("log", "the stream is gone", logHint)
	case st.Conflict != nil:
		d.fault("log", st.Conflict.Error(), "")
	case refusal != nil:
		d.failed("log", fmt.Errorf("it takes no appends: %w", refusal), "")
	case st.Last == 0:
		d.ok("log", "empty")
	case st.First != 1:
		d.fault("log", fmt.Sprintf("its first position is %d: what was before is gone", st.First), logHint)
	case st.Missing > 0:
		d.fault("log", fmt.Sprintf("it ends at position %d and has %d events: position %d is the first that is missing", st.Last, st.Messages, st.Missing), logHint)
	default:
		d.ok("log", fmt.Sprintf("%d events, from position 1 without a hole, as the server counts them", st.Messages))
	}
}
