// Command parse is a guest of the comparison of typed fields with JSON: it sums
// lines by directory, and decodes the payload itself.
package main

import (
	"encoding/json"

	refold "github.com/refold-dev/refold/sdk/go"
)

type change struct {
	Dir       string `json:"dir"`
	Additions int64  `json:"additions"`
	Deletions int64  `json:"deletions"`
}

type lines struct{ Additions, Deletions int64 }

var byDir = map[string]*lines{}

func init() {
	refold.Register(refold.Resident{Name: "parse", Fold: fold, Query: query})
}

func fold(e refold.Event, _ *refold.Effects) error {
	var c change
	if err := json.Unmarshal(e.Data(), &c); err != nil {
		return err
	}
	l := byDir[c.Dir]
	if l == nil {
		l = &lines{}
		byDir[c.Dir] = l
	}
	l.Additions += c.Additions
	l.Deletions += c.Deletions
	return nil
}

func query(string) ([]byte, error) { return json.Marshal(byDir) }

func main() {}
