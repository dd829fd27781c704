// Command asker is a keyed projection that counts what it is told by key, in the table
// asked, asks each time how much was told before, and writes the answers into the
// table heard.
package main

import (
	"encoding/json"
	"fmt"

	refold "github.com/refold-dev/refold/sdk/go"
)

var do = refold.StringField("do")

type state struct {
	Told  int64   `json:"told"`
	Heard []int64 `json:"heard"`
}

func init() {
	refold.Register(refold.Keyed[state]{Name: "asker", Version: "1.0.0", Key: "key", Fold: fold})
}

// answer is what an answer's event holds, as far as it matters here.
type answer struct {
	Answer []struct {
		Sum int64 `json:"sum"`
	} `json:"answer"`
}

func fold(s *state, e refold.Event, out *refold.Effects) error {
	if e.Type() != "query_answered" {
		s.Told++
		question := "SELECT coalesce(sum(n), 0) AS sum FROM asked WHERE name <> :not"
		if do.Of(e) == "babble" {
			question = "SELECT n FROM nowhere WHERE name <> :not"
		}
		out.Insert("asked", out.Object().Text("name", e.Key()).Int("n", s.Told).JSON())
		out.Query(question, []byte(`{"not":"<nobody>"}`))
		return nil
	}
	var a answer
	if err := json.Unmarshal(e.Data(), &a); err != nil {
		return err
	}
	s.Heard = append(s.Heard, a.Answer[0].Sum)
	out.Insert("heard", out.Object().Text("place", fmt.Sprintf("%s/%d", e.Key(), len(s.Heard))).Int("sum", a.Answer[0].Sum).JSON())
	return nil
}

func main() {}
