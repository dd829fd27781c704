package control

import (
	"context"
	"net/http"

	"github.com/refold-dev/refold/engine"
)

var logVerbs = []verb{
	{"log.show", "GET", "/v1/log", Read, "Where the log ends, and whether it takes appends.", one(logStatus)},
}

func logStatus(ctx context.Context, about *asked, _ *nothing) (engine.LogStatus, error) {
	s, err := about.engine.LogStatus(ctx)
	if err != nil {
		return s, &unavailableError{err}
	}
	return s, nil
}

// LogStatus returns what the engine's log says of itself.
func (c *Client) LogStatus(ctx context.Context) (s engine.LogStatus, err error) {
	return s, c.read(ctx, http.MethodGet, "/v1/log", nil, &s)
}
