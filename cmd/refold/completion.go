package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine/datadir"
)

// completePipelines has a shell complete the names of pipelines, wherever a command
// takes one.
func (a *app) completePipelines(c *cobra.Command) {
	_, takes, _ := strings.Cut(c.Use, " ")
	if strings.HasPrefix(strings.TrimPrefix(takes, "["), "PIPELINE") && c.ValidArgsFunction == nil {
		c.ValidArgsFunction = a.pipelineNames
	}
	for _, child := range c.Commands() {
		a.completePipelines(child)
	}
}

// completionPatience is how long an engine elsewhere is waited for while somebody types.
const completionPatience = 2 * time.Second

// pipelineNames are those that the data directory has run, or that an engine elsewhere has.
func (a *app) pipelineNames(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	if err := a.chooseEngine(cmd); err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	names, err := a.knownPipelines(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func (a *app) knownPipelines(ctx context.Context) (names []string, err error) {
	if a.remote != nil {
		ctx, cancel := context.WithTimeout(ctx, completionPatience)
		defer cancel()
		list, err := a.remote.Status(ctx)
		for _, s := range list {
			names = append(names, s.Pipeline)
		}
		return names, err
	}
	specs, err := datadir.At(a.data).Pipelines()
	for _, p := range specs {
		names = append(names, p.Name)
	}
	return names, err
}
