package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/datadir"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/plugins/postgres"
)

const (
	// probePatience bounds how long one executor's other side is waited for.
	probePatience = 10 * time.Second
	// clockSlack is what two clocks may differ in without a warning.
	clockSlack = 2 * time.Second
)

// versions tells which program looks.
func (d *diagnosis) versions() {
	b := thisBuild()
	d.ok("version", fmt.Sprintf("refold %s, %s, %s/%s", b.Version, b.Go, b.OS, b.Arch))
}

// executors looks at what the pipelines write to, without writing: those of the
// configuration or, without one, those that have run.
func (d *diagnosis) executors(ctx context.Context, dir datadir.Dir, c *config.Config) {
	var pipelines []config.Pipeline
	if c != nil {
		pipelines = c.Pipelines
	} else {
		kept, err := dir.Pipelines()
		if err != nil {
			d.failed("executors", err, "")
			return
		}
		pipelines = kept
	}
	for i := range pipelines {
		for j := range pipelines[i].Executors {
			x := pipelines[i].Executors[j].Innermost()
			d.executor(ctx, dir, fmt.Sprintf("%s of %s", x.Kind(), pipelines[i].Name), x)
		}
	}
}

// executor looks at one, if there is something to see.
func (d *diagnosis) executor(ctx context.Context, dir datadir.Dir, name string, x *config.Executor) {
	ctx, cancel := context.WithTimeout(ctx, probePatience)
	defer cancel()
	switch {
	case x.SQLite != nil:
		d.writable(name, filepath.Dir(dir.Resolve(x.SQLite.Path)))
	case x.File != nil:
		d.writable(name, dir.Resolve(x.File.Folder))
	case x.Postgres != nil:
		d.database(ctx, name, x.Postgres)
	case x.NATS != nil && x.NATS.URL != "":
		d.natsServer(ctx, name, x.NATS)
	case x.HTTP != nil:
		d.webhook(ctx, name, x.HTTP)
	}
}

// writable looks whether files can be made in a folder, or in the one above that it is
// to be made in.
func (d *diagnosis) writable(name, folder string) {
	at := folder
	for {
		_, err := os.Stat(at)
		if err == nil {
			break
		}
		if up := filepath.Dir(at); errors.Is(err, fs.ErrNotExist) && up != at {
			at = up
			continue
		}
		d.failed(name, err, "")
		return
	}
	if err := mayWrite(at); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		d.fault(name, fmt.Sprintf("%s: %v", at, err), "let the user that runs the engine write there")
		return
	}
	d.ok(name, "files can be written in "+folder)
}

// database asks PostgreSQL for its version and its clock.
func (d *diagnosis) database(ctx context.Context, name string, spec *config.Postgres) {
	cfg := postgresConfig(spec)
	var err error
	if cfg.URL, err = databaseURL(spec); err == nil {
		var seen postgres.Server
		if seen, err = postgres.Probe(ctx, cfg); err == nil {
			d.databaseServer(name, seen)
			return
		}
	}
	d.failed(name, err, "start that server, or mend what the pipeline says of it")
}

func (d *diagnosis) databaseServer(name string, seen postgres.Server) {
	if seen.ReadOnly {
		d.fault(name, "PostgreSQL "+seen.Version+" writes nothing: it is a copy, or set to read only", "name the server that is written to")
		return
	}
	d.ok(name, "PostgreSQL "+seen.Version+" answers")
	d.clock(name+", clock", seen.Ahead)
}

// clock judges how far another machine's clock is before ours.
func (d *diagnosis) clock(name string, ahead time.Duration) {
	text := fmt.Sprintf("it differs from this machine's by %s", ahead.Abs().Round(time.Millisecond))
	if ahead.Abs() > clockSlack {
		d.warn(name, text, "have both set by NTP: times in events, logs and rows are compared by people")
		return
	}
	d.ok(name, text)
}

func (d *diagnosis) natsServer(ctx context.Context, name string, spec *config.NATS) {
	cfg, err := serverOf(spec, nil)
	if err == nil {
		var seen jetstream.Inspection
		seen, err = jetstream.Inspect(ctx, cfg)
		if seen.Version != "" { // whatever it says of streams
			d.ok(name, fmt.Sprintf("nats-server %s at %s answers", seen.Version, seen.URL))
			return
		}
	}
	d.failed(name, err, "start that server, or mend what the pipeline says of it")
}

// webhook looks whether it can be opened, with the secrets that it needs, and whether
// somebody listens. A request would be one too many.
func (d *diagnosis) webhook(ctx context.Context, name string, spec *config.HTTP) {
	x, err := openHTTP(nil, ctx, config.Executor{HTTP: spec}, "", 0)
	if err == nil {
		err = x.Close()
	}
	secret, missing := readSecret(&spec.URL, "the url")
	if err = errors.Join(err, missing); err != nil {
		d.failed(name, err, "put it there, or mend what the pipeline says of it")
		return
	}
	u, err := url.Parse(spec.URL.Prefix + secret)
	if err != nil || u.Host == "" {
		d.fault(name, "its url is none", "see docs/EXECUTORS.md") // what it is may be a secret
		return
	}
	port := u.Port()
	if port == "" {
		port = u.Scheme // which net knows by name
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	host := u.Host
	if spec.URL.Text == "" { // a secret
		host = "its url"
	}
	if err != nil {
		d.warn(name, "nobody answers at "+host, "effects wait until somebody does; is that its address?")
		return
	}
	_ = conn.Close()
	d.ok(name, "somebody listens at "+host)
}
