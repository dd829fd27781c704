package control

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/refold-dev/refold/domain/event"
)

// comparison is the answer to a request to compare the log with its copy.
type comparison struct {
	Through event.Position `json:"through"`
}

func (s *Server) compare(w http.ResponseWriter, r *http.Request) {
	witness, ok := s.events.(Witness)
	if !ok {
		s.fail(w, http.StatusNotFound, errors.New("the engine has no copy of the log"))
		return
	}
	through, err := witness.CompareAll(r.Context())
	if err != nil {
		s.fail(w, http.StatusConflict, err)
		return
	}
	s.answer(w, comparison{through})
}

// CompareLog has the engine hold the log against its archive, event by event, and
// returns the position through which it did.
func (c *Client) CompareLog(ctx context.Context) (event.Position, error) {
	body, err := c.do(ctx, http.MethodGet, "/v1/comparison", nil)
	if err != nil {
		return 0, err
	}
	var answer comparison
	err = json.NewDecoder(body).Decode(&answer)
	return answer.Through, errors.Join(err, body.Close())
}
