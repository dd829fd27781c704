// Command commits_by_author is a projection that counts commits by author, in
// its own memory.
package main

import (
	"maps"
	"slices"

	refold "github.com/refold-dev/refold/sdk/go"
)

var author = refold.StringField("author")

// commits is the resident state: the host saves it with the whole instance.
var commits = map[string]int64{}

func init() {
	refold.Register(refold.Resident{
		Name:    "commits_by_author",
		Version: "1.0.0",
		Events:  []string{"commit_recorded"},
		Fold:    fold,
		Query:   query,
	})
}

func fold(e refold.Event, _ *refold.Effects) error {
	commits[author.Of(e)]++
	return nil
}

// query answers with one object by author, sorted: the order of a map's
// iteration must not show.
func query(string) ([]byte, error) {
	var answer refold.Object
	for _, author := range slices.Sorted(maps.Keys(commits)) {
		answer.Int(author, commits[author])
	}
	return answer.JSON(), nil
}

func main() {}
