package main

import (
	"runtime/debug"
	"strings"

	client "github.com/nats-io/nats.go"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/control"
	"github.com/refold-dev/refold/eventstore/jetstream"
)

// serveNATS has requests answered on the log's server, where that is granted. It returns
// how that is ended, which is before the engine is closed.
func (r *pipelineRun) serveNATS(e *engine.Engine) (end func(), err error) {
	subject := r.config.ControlSubject()
	if subject == "" {
		return func() {}, nil
	}
	s, err := control.Serve(e, control.ServiceOptions{
		Connect: func(opts ...client.Option) (*client.Conn, error) { return jetstream.Connect(r.session.server, opts...) },
		Subject: subject, Version: serviceVersion(), Logger: r.parts.logger,
	})
	if err != nil {
		return nil, placed(err, r.config.Control.Where("nats"))
	}
	r.parts.logger.Info("requests about replays are taken by NATS", "subject", subject+".replays")
	return s.Close, nil
}

// serviceVersion is the program's version in the form that services have; a build
// from a checkout may have none.
func serviceVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		if version, isOne := strings.CutPrefix(info.Main.Version, "v"); isOne {
			return version
		}
	}
	return "0.0.0-devel"
}
