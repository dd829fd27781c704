// Command file_changes is a projection with effects of several kinds for each
// event: what filters choose from.
package main

import (
	"fmt"

	refold "github.com/refold-dev/refold/sdk/go"
)

var (
	dir       = refold.StringField("dir")
	additions = refold.IntField("additions")
	deletions = refold.IntField("deletions")
)

func init() {
	refold.Register(refold.Stateless{
		Name:    "file_changes",
		Version: "1.0.0",
		Events:  []string{"file_added", "file_modified", "file_deleted"},
		Fold:    fold,
	})
}

func fold(e refold.Event, out *refold.Effects) error {
	at := dir.Of(e)
	out.Insert("added", out.Object().Text("dir", at).Int("lines", additions.Of(e)).JSON())
	out.Log(refold.Info, "added to "+at)
	if n := deletions.Of(e); n > 0 {
		out.Insert("deleted", out.Object().Text("dir", at).Int("lines", n).JSON())
		out.Log(refold.Warn, fmt.Sprintf("deleted %d of %s", n, at))
	}
	if e.Type() == "file_deleted" {
		out.Delete("added", at)
	}
	return nil
}

func main() {}
