package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"text/tabwriter"
)

// report prints a table in Markdown: events per second, and how many times as many
// Refold folds, by the medians.
func report(to io.Writer, sides []*side) error {
	fmt.Fprintf(to, "%d events of %d aggregates, %d bytes of payload each; %s, %s/%s, %d CPUs\n\n",
		batches*perBatch, aggregates, len(payload), runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	w := tabwriter.NewWriter(to, 0, 0, 1, ' ', 0)
	fmt.Fprintf(w, "| what\t| version\t| events/s\t| refold to it\t|\n|---\t|---\t|---\t|---\t|\n")
	versions := moduleVersions()
	refold := perSecond(sides[0])
	for _, s := range sides {
		fmt.Fprintf(w, "| %s\t| %s\t| %.3g\t| %.2g\t|\n", s.name, versions[s.versioned], perSecond(s), refold/perSecond(s))
	}
	return w.Flush()
}

func perSecond(s *side) float64 { return batches * perBatch / s.took[len(s.took)/2].Seconds() }

// moduleVersions are those that the program is built from.
func moduleVersions() map[string]string {
	all := map[string]string{"": runtime.Version(), refoldPath: "this tree"}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path != refoldPath {
				all[m.Path] = m.Version
			}
		}
	}
	return all
}
