// Command keyed is the guest of the comparison of two workers with one: it sums
// lines by directory into a keyed state, decodes the payload itself, and asks for
// a row after each event.
package main

import (
	"encoding/json"

	refold "github.com/refold-dev/refold/sdk/go"
)

type change struct {
	Additions int64 `json:"additions"`
	Deletions int64 `json:"deletions"`
}

type lines struct{ Additions, Deletions int64 }

func init() {
	refold.Register(refold.Keyed[lines]{Name: "keyed", Key: "dir", Fold: fold})
}

func fold(s *lines, e refold.Event, out *refold.Effects) error {
	var c change
	if err := json.Unmarshal(e.Data(), &c); err != nil {
		return err
	}
	s.Additions += c.Additions
	s.Deletions += c.Deletions
	out.Insert("lines", out.Object().Text("dir", e.Key()).Int("additions", s.Additions).Int("deletions", s.Deletions).JSON())
	return nil
}

func main() {}
