// Command lines_by_dir is a projection that sums added and deleted lines by
// directory, and keeps a row for each in the table lines_by_dir.
package main

import refold "github.com/refold-dev/refold/sdk/go"

// The host decodes these: the guest parses no payload.
var (
	additions = refold.IntField("additions")
	deletions = refold.IntField("deletions")
)

// totals is the state of one directory.
type totals struct {
	Additions int64 `json:"additions"`
	Deletions int64 `json:"deletions"`
	Changes   int64 `json:"changes"`
}

func init() {
	refold.Register(refold.Keyed[totals]{
		Name:    "lines_by_dir",
		Version: "1.0.0",
		Key:     "dir",
		Events:  []string{"file_added", "file_modified", "file_deleted"},
		Fold:    fold,
	})
}

func fold(s *totals, e refold.Event, out *refold.Effects) error {
	s.Additions += additions.Of(e)
	s.Deletions += deletions.Of(e)
	s.Changes++
	out.Insert("lines_by_dir", out.Object().
		Text("dir", e.Key()).
		Int("additions", s.Additions).
		Int("deletions", s.Deletions).
		Int("changes", s.Changes).
		JSON())
	return nil
}

func main() {}
