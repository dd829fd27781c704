package control

import (
	"context"
	"errors"
	"net/http"

	"github.com/refold-dev/refold/domain/event"
)

// comparison is the answer to a request to compare the log with its copy.
type comparison struct {
	Through event.Position `json:"through"`
}

// errNoCopy is a request to compare the log with what there is not.
var errNoCopy = errors.New("the engine has no copy of the log")

func compare(ctx context.Context, about *asked, _ *nothing) (comparison, error) {
	witness, ok := about.events.(Witness)
	if !ok {
		return comparison{}, errNoCopy
	}
	through, err := witness.CompareAll(ctx)
	return comparison{through}, err
}

// CompareLog has the engine hold the log against its archive, event by event, and
// returns the position through which it did.
func (c *Client) CompareLog(ctx context.Context) (event.Position, error) {
	var answer comparison
	err := c.read(ctx, http.MethodGet, "/v1/comparison", nil, &answer)
	return answer.Through, err
}
