package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine/datadir"
	"github.com/refold-dev/refold/sdk/frame"
)

// release is the version that a release is built with; what is built otherwise has
// that of its module. revision is what sources were taken from that have no history with
// them, as in an image.
var release, revision string

// buildInfo is what this program was made of.
type buildInfo struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
	// Modified reports sources that are not those of the revision.
	Modified bool   `json:"modified"`
	Time     string `json:"time,omitempty"` // of the revision
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
	// ABI is the version of the plugin ABI, DataFormat that of the data directory.
	ABI        int `json:"abi"`
	DataFormat int `json:"data_format"`
	// Modules are the versions of those that hold data or run plugins.
	Modules map[string]string `json:"modules"`
}

// toldModules are those whose version an operator is asked for.
var toldModules = []string{
	"github.com/nats-io/nats-server/v2", "github.com/nats-io/nats.go", "github.com/tetratelabs/wazero",
	"modernc.org/sqlite", "github.com/jackc/pgx/v5", "github.com/hashicorp/go-plugin",
}

func thisBuild() buildInfo {
	b := buildInfo{
		Version: release, Revision: cmp.Or(revision, "unknown"), Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		ABI: frame.Version, DataFormat: datadir.Format, Modules: map[string]string{},
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if b.Version == "" {
		b.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		case "vcs.time":
			b.Time = s.Value
		}
	}
	for _, dep := range info.Deps {
		for _, path := range toldModules {
			if dep.Path == path {
				b.Modules[path] = dep.Version
			}
		}
	}
	return b
}

func (b *buildInfo) String() string {
	revision := b.Revision
	if b.Modified {
		revision += ", modified"
	}
	if b.Time != "" {
		revision += ", " + b.Time
	}
	lines := []string{
		fmt.Sprintf("refold %s (%s, %s/%s)", b.Version, b.Go, b.OS, b.Arch),
		"revision: " + revision,
		fmt.Sprintf("plugin ABI %d, data directory format %d", b.ABI, b.DataFormat),
	}
	for _, path := range toldModules {
		if version, ok := b.Modules[path]; ok {
			lines = append(lines, path+" "+version)
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version and how it was built",
		Args:  args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			b := thisBuild()
			if a.json {
				return a.printJSON(b)
			}
			_, err := fmt.Fprint(a.out, b.String())
			return err
		},
	}
}
