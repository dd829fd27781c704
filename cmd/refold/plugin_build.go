package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/datadir"
	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/sdk/language"
	"github.com/refold-dev/refold/sdk/manifest"
	"github.com/refold-dev/refold/sdk/toolchain"
)

func (a *app) pluginBuildCommand() *cobra.Command {
	var lang, module string
	c := &cobra.Command{
		Use:   "build [DIR]",
		Short: "Build the projection in a folder, and see that the sandbox takes it",
		Long: "Build the projection in DIR, or here, with its language's own compiler. The language is detected:\n" +
			"go.mod, Cargo.toml, asconfig.json, build.zig or src/main.zig, *.c or *.js. Where the compiler is missing,\n" +
			"it says what to install.",
		Example: "  refold plugin build\n  refold plugin build orders -o build/orders.wasm",
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			o := toolchain.Options{Dir: ".", Module: module, Output: a.err}
			if len(args) > 0 {
				o.Dir = args[0]
			}
			if lang != "" {
				var err error
				if o.Language, err = parseLanguage(lang, toolchain.Languages()); err != nil {
					return err
				}
			}
			return a.pluginBuild(cmd.Context(), o)
		},
	}
	languageFlag(c, &lang, toolchain.Languages())
	c.Flags().StringVarP(&module, "output", "o", "", "the module's `path`; default: in the folder, by the project's name")
	return c
}

// built is a module that the sandbox takes.
type built struct {
	toolchain.Module
	Digest string         `json:"digest"` // as YAML pins it
	Name   string         `json:"name"`
	State  manifest.State `json:"state"`
}

func (b built) String() string {
	return fmt.Sprintf("%s: %s, %s, in %s; %d bytes, %s", b.Path, b.Name, b.State, b.Language.Title(), b.Size, b.Digest)
}

func (a *app) pluginBuild(ctx context.Context, o toolchain.Options) (err error) {
	parts, err := newParts(ctx, datadir.At(a.data), a.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, parts.close(context.WithoutCancel(ctx))) }()
	b, err := parts.build(ctx, o)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(b)
	}
	_, err = fmt.Fprintln(a.out, b)
	return err
}

// build builds a project and loads its module.
func (p *parts) build(ctx context.Context, o toolchain.Options) (built, error) {
	if o.Output == nil {
		o.Output = io.Discard
	}
	module, err := toolchain.Build(ctx, o)
	if err != nil {
		return built{}, withBuildHint(o.Dir, err)
	}
	loaded, err := p.module(ctx, config.Projection{WASM: module.Path})
	if err != nil {
		return built{}, withGuestHint(err)
	}
	m := loaded.Manifest()
	return built{module, loaded.Digest(), m.Name, m.State}, nil
}

// withGuestHint moves the hint of a module that the sandbox refuses to where
// hints are printed.
func withGuestHint(err error) error {
	var guest *runtime.GuestError
	if !errors.As(err, &guest) || guest.Hint == "" {
		return err
	}
	bare := *guest
	bare.Hint = ""
	return &hinted{&bare, guest.Hint}
}

// withBuildHint says what to do about a build that did not come off.
func withBuildHint(dir string, err error) error {
	const nameOne = "name the project's folder, or make a project: refold plugin new --lang " + string(language.Go) + " NAME"
	var missing *toolchain.MissingError
	var undetected *toolchain.UndetectedError
	var compiler *toolchain.CompilerError
	switch {
	case errors.As(err, &missing):
		return &hinted{err, missing.Install}
	case errors.As(err, &undetected) && len(undetected.Found) > 0:
		return &hinted{err, fmt.Sprintf("say which with --lang, as in --lang %s", undetected.Found[0])}
	case errors.As(err, &undetected):
		return &hinted{err, nameOne}
	case errors.As(err, &compiler):
		return &hinted{err, "what the compiler says stands above"}
	}
	if info, failed := os.Stat(dir); failed != nil || !info.IsDir() {
		return &hinted{err, nameOne}
	}
	return err
}
