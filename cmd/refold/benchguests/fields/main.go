// Command fields is a guest of the comparison of typed fields with JSON: it sums
// lines by directory, and lets the host decode the payload.
package main

import (
	"encoding/json"

	refold "github.com/refold-dev/refold/sdk/go"
)

var dir, additions, deletions = refold.StringField("dir"), refold.IntField("additions"), refold.IntField("deletions")

type lines struct{ Additions, Deletions int64 }

var byDir = map[string]*lines{}

func init() {
	refold.Register(refold.Resident{Name: "fields", Fold: fold, Query: query})
}

func fold(e refold.Event, _ *refold.Effects) error {
	name := dir.Of(e)
	l := byDir[name]
	if l == nil {
		l = &lines{}
		byDir[name] = l
	}
	l.Additions += additions.Of(e)
	l.Deletions += deletions.Of(e)
	return nil
}

func query(string) ([]byte, error) { return json.Marshal(byDir) }

func main() {}
