package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
)

func (a *app) proveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify PIPELINE",
		Short: "Prove that a pipeline's state and read models are what its log makes of them",
		Long: `Fold a pipeline's log again, from its beginning, and compare.

The log is folded in the shadow, by the code that the pipeline's generation was
built with: nothing that the pipeline serves is touched, and no effect leaves the
machine. What comes of it is compared with every root that was stored, with what
the projection answers, and with the rows that SQLite, PostgreSQL and files have.
Where something differs, the first position is looked for, or the first row, and
the exit code is 1. Works with or without a running engine, which goes on.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return a.prove(cmd.Context(), args[0]) },
	}
}

func (a *app) prove(ctx context.Context, pipeline string) (err error) {
	s, err := a.openExisting(ctx, opening{archived: true}, a.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if _, err := a.declared(s.dir, pipeline); err != nil {
		return err
	}
	bar := a.bar(-1, "verifying "+pipeline)
	show := func(at, target event.Position) {
		bar.ChangeMax64(int64(target))
		_ = bar.Set64(int64(at))
	}
	var p engine.Proof
	if s.control != nil {
		p, err = s.control.Prove(ctx, pipeline, show)
	} else {
		p, err = a.proveHere(ctx, s, pipeline, show)
	}
	_ = bar.Finish()
	if err != nil {
		return err
	}
	return a.printProof(p)
}

// proveHere proves a pipeline that no engine runs.
func (a *app) proveHere(ctx context.Context, s *session, pipeline string, show func(at, target event.Position)) (p engine.Proof, err error) {
	err = a.withKept(ctx, s, pipeline, func(kept *engine.Kept, opts engine.Options) error {
		p, err = kept.Prove(ctx, opts, show)
		return err
	})
	return p, err
}

// withKept opens what a pipeline remembers that no engine runs, with what folding in
// the shadow takes.
func (a *app) withKept(ctx context.Context, s *session, pipeline string, do func(*engine.Kept, engine.Options) error) (err error) {
	logger := a.logger(slog.LevelWarn)
	parts, err := newParts(ctx, s.dir, logger)
	if err != nil {
		return err
	}
	parts.session = s
	defer func() { err = errors.Join(err, parts.close(context.WithoutCancel(ctx))) }()
	spec, err := s.dir.Pipeline(pipeline)
	if err != nil {
		return err
	}
	kept, err := engine.OpenKept(ctx, s.dir.PipelinesPath(), spec, parts.plugin)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close(context.WithoutCancel(ctx))) }()
	return do(kept, engine.Options{Log: s.store, OpenExecutor: parts.executor, Models: parts.models(), Logger: logger, Now: time.Now})
}

// unprovenError is a pipeline that is not what its log makes of it, or of which that is
// not known.
type unprovenError struct{ reason string }

func (e *unprovenError) Error() string { return e.reason }

// printProof prints a proof, and returns what there is against it.
func (a *app) printProof(p engine.Proof) error {
	if a.json {
		if err := a.printJSON(p); err != nil {
			return err
		}
	} else if _, err := fmt.Fprint(a.out, printable(proofText(&p))); err != nil {
		return err
	}
	switch {
	case p.Difference != nil:
		return &unprovenError{fmt.Sprintf("pipeline %s is not what its log makes of it: %s", p.Pipeline, p.Difference.Where())}
	case p.Unproven != nil:
		return &hinted{&unprovenError{fmt.Sprintf("pipeline %s is proved up to position %d only: %s", p.Pipeline, p.Unproven.Position, p.Unproven.Reason)},
			fmt.Sprintf("`refold replay %s` builds one that its log alone makes", p.Pipeline)}
	}
	return nil
}

func proofText(p *engine.Proof) string {
	var b strings.Builder
	d := p.Difference
	if d == nil {
		fmt.Fprintf(&b, "%s: generation %d is what its log makes of it, up to position %d: %s compared\n", p.Pipeline, p.Generation, p.Position, counted(p.Roots, "root"))
		if p.Answers > 0 {
			fmt.Fprintf(&b, "  what the projection answers is the same: %s compared\n", counted(p.Answers, "answer"))
		}
		for _, m := range p.ReadModels {
			if m.Skipped != "" {
				fmt.Fprintf(&b, "  %s: not compared: %s\n", m.Executor, m.Skipped)
				continue
			}
			fmt.Fprintf(&b, "  %s: %s, at position %d\n", m.Executor, counted(int(m.Rows), "row"), m.Position)
		}
		return b.String()
	}
	fmt.Fprintf(&b, "%s: generation %d differs from what its log makes of it, at %s, in its %s\n", p.Pipeline, p.Generation, d.Where(), d.In)
	if d.After > 0 {
		fmt.Fprintf(&b, "  up to position %d nothing differs\n", d.After)
	}
	if d.Event != nil {
		fmt.Fprintf(&b, "  event %s, %s, of %s, at %s\n", d.Event.ID, d.Event.Type, d.Event.Aggregate, d.Event.Time.Format(time.RFC3339Nano))
	}
	if d.Key != nil {
		fmt.Fprintf(&b, "  key %q\n", *d.Key)
	}
	fmt.Fprintf(&b, "  expected: %s\n  found:    %s\n  %s\n", indented(d.Expected), indented(d.Found), proofCauses[d.Cause])
	return b.String()
}

// indented is a text of several lines as it stands behind a word.
func indented(text string) string { return strings.ReplaceAll(text, "\n", "\n            ") }

// proofCauses say what a difference comes from.
var proofCauses = map[string]string{
	engine.Impure:    "The projection gives different results for one and the same event and state: it is not pure. See docs/PURE_PROJECTIONS.md.",
	engine.ByBatches: "What the projection gives depends on how events are batched: it remembers something beside its state. See docs/PURE_PROJECTIONS.md.",
	engine.Stored:    "The projection gives the same each time it is asked: what is stored was changed by somebody, or has been damaged. A replay builds it again.",
}
