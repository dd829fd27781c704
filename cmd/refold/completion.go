package main

import (
	"strings"

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

// pipelineNames are those that the data directory has run.
func (a *app) pipelineNames(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	specs, err := datadir.At(a.data).Pipelines()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []cobra.Completion
	for _, p := range specs {
		names = append(names, p.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
