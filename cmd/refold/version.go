package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version and how it was built",
		Args:  args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			version, goVersion, revision := "unknown", "unknown", "unknown"
			if info, ok := debug.ReadBuildInfo(); ok {
				version, goVersion = info.Main.Version, info.GoVersion
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						revision = s.Value
					}
				}
			}
			if a.json {
				return a.printJSON(map[string]string{"version": version, "go": goVersion, "revision": revision})
			}
			_, err := fmt.Fprintf(a.out, "refold %s (%s, revision %s)\n", version, goVersion, revision)
			return err
		},
	}
}
