package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
)

func (a *app) rollbackCommand() *cobra.Command {
	var generation uint64
	c := &cobra.Command{
		Use:   "rollback PIPELINE",
		Short: "Have a read model that is kept serve again",
		Long: `Have a read model that has served before, and is kept, serve again in the place of
the present one, in one step. It is first brought to where the present one is, by
the declaration and the module that it was built with; those go on maintaining it,
over restarts, until the pipeline is declared otherwise again or replayed. The one
that it replaces is kept.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.rollback(cmd.Context(), args[0], generation)
		},
	}
	c.Flags().Uint64Var(&generation, "generation", 0, "the `number` of the one to go back to; 0 means the one that has served last")
	return c
}

func (a *app) generationsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "generations PIPELINE",
		Short: "List the read models of a pipeline: which one serves, and which are kept",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.listGenerations(cmd.Context(), args[0])
		},
	}
}

func (a *app) dropGenerationCommand() *cobra.Command {
	var generation uint64
	c := &cobra.Command{
		Use:   "drop PIPELINE --generation N",
		Short: "Remove a read model that is kept",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if generation == 0 {
				return &usageError{errors.New("name the one to remove with --generation; `refold replay generations` lists them")}
			}
			return a.dropGeneration(cmd.Context(), args[0], generation)
		},
	}
	c.Flags().Uint64Var(&generation, "generation", 0, "the `number` of the one to remove")
	return c
}

func (a *app) rollback(ctx context.Context, pipeline string, generation uint64) error {
	var s engine.Status
	err := a.withPipeline(ctx, pipeline, opening{archived: true}, func(session *session, spec config.Pipeline) (err error) {
		if session.control != nil {
			s, err = session.control.Rollback(ctx, pipeline, generation)
			return err
		}
		return a.withEngine(ctx, session, spec, func(e *engine.Engine) error {
			if err := e.Rollback(ctx, pipeline, generation); err != nil {
				return err
			}
			list, err := e.Status(ctx)
			if err == nil {
				s = list[0]
			}
			return err
		})
	})
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(s)
	}
	_, err = fmt.Fprintf(a.out, "%s: generation %d serves again, at position %d\n", pipeline, s.Generation, s.Position)
	return err
}

// listGenerations lists what the engine that runs says, or what is remembered.
func (a *app) listGenerations(ctx context.Context, pipeline string) error {
	var list []engine.Generation
	err := a.withPipeline(ctx, pipeline, opening{}, func(s *session, spec config.Pipeline) (err error) {
		if s.control != nil {
			list, err = s.control.Generations(ctx, pipeline)
			return err
		}
		return withKept(ctx, s, spec, func(kept *engine.Kept) error {
			list, err = kept.Generations()
			return err
		})
	})
	if err != nil {
		return err
	}
	return a.printGenerations(list)
}

func (a *app) dropGeneration(ctx context.Context, pipeline string, generation uint64) error {
	var list []engine.Generation
	err := a.withPipeline(ctx, pipeline, opening{archived: true}, func(s *session, spec config.Pipeline) (err error) {
		if s.control != nil {
			list, err = s.control.DropGeneration(ctx, pipeline, generation)
			return err
		}
		return a.withEngine(ctx, s, spec, func(e *engine.Engine) error {
			if err := e.DropGeneration(ctx, pipeline, generation); err != nil {
				return err
			}
			list, err = e.Generations(pipeline)
			return err
		})
	})
	if err != nil {
		return err
	}
	return a.printGenerations(list)
}

// withPipeline opens the data directory and finds a pipeline in it.
func (a *app) withPipeline(ctx context.Context, pipeline string, want opening, do func(*session, config.Pipeline) error) (err error) {
	s, err := a.openExisting(ctx, want, a.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	spec, err := a.declared(s.dir, pipeline)
	if err != nil {
		return err
	}
	return do(s, spec)
}

func (a *app) printGenerations(list []engine.Generation) error {
	if a.json {
		return a.printJSON(list)
	}
	rows := [][]any{{"GENERATION", "", "POSITION", "MADE", "UNTIL", "MODULE"}}
	for _, g := range list {
		rows = append(rows, []any{g.Number, roleOf(&g), g.Position, moment(g.Made), moment(g.Until), shortDigest(g.Module)})
	}
	return a.table(rows)
}

func roleOf(g *engine.Generation) string {
	switch {
	case g.Serves:
		return "serves"
	case !g.Until.IsZero():
		return "kept"
	}
	return "built"
}

// moment is a time for people; of none it is a dash.
func moment(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.UTC().Format(time.RFC3339)
}

// shortDigest is enough of a digest to tell modules apart.
func shortDigest(digest string) string {
	const enough = len("sha256:") + 12
	return digest[:min(enough, len(digest))]
}

// changeNotes are what people should know of a read model of another declaration.
func changeNotes(s *engine.Status) (notes []note) {
	c := s.Change
	replay := "`refold replay " + s.Pipeline + "`"
	switch {
	case c == nil:
	case c.Policy == "rollback":
		return []note{{fmt.Sprintf("rolled back from generation %d at %s: generation %d is maintained by what it was built with", c.From, moment(c.Since), s.Generation),
			replay + " builds the read model as it is declared; `refold replay rollback " + s.Pipeline + " --generation " + fmt.Sprint(c.From) + "` goes back"}}
	case c.Error != "":
		return []note{{"its read model has not been built as it is declared now, and the one before goes on: " + strings.TrimPrefix(c.Error, "pipeline "+s.Pipeline+": "),
			"when its cause is mended, " + replay}}
	case c.Policy == "rebuild":
		return []note{{"its read model is built as it is declared now; the one before serves until that is done", ""}}
	}
	return nil
}
