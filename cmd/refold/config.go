package main

import (
	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/configs"
)

func (a *app) configCommand() *cobra.Command {
	return a.group("config", "What a configuration may have", a.configSchemaCommand())
}

func (a *app) configSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of configurations, for editors",
		Args:  args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			_, err := a.out.Write(configs.Schema)
			return err
		},
	}
}
