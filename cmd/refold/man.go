package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write a manual page for each command to a folder",
		Long: `Write a manual page for each command to a folder, which is made if it is not
there:

    refold man /usr/local/share/man/man1
    man refold-replay`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			root.DisableAutoGenTag = true
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			at := time.Unix(0, 0).UTC()
			if built, err := time.Parse(time.RFC3339, thisBuild().Time); err == nil {
				at = built // and not now: the same program writes the same pages
			}
			header := &doc.GenManHeader{Section: "1", Source: "Refold " + thisBuild().Version, Manual: "Refold", Date: &at}
			if err := doc.GenManTree(root, header, args[0]); err != nil {
				return fmt.Errorf("writing manual pages: %w", err)
			}
			pages, err := os.ReadDir(args[0])
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(map[string]any{"folder": args[0], "pages": len(pages)})
			}
			_, err = fmt.Fprintf(a.out, "%s has %s\n", args[0], counted(len(pages), "page"))
			return err
		},
	}
}
