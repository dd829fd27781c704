package control

import (
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
)

// momentValues spells a moment in a query: as at=, a position, or as time=.
func momentValues(m engine.Moment) url.Values {
	if m.Position > 0 {
		return url.Values{"at": {strconv.FormatUint(uint64(m.Position), 10)}}
	}
	return url.Values{"time": {m.Time.Format(time.RFC3339Nano)}}
}

// momentOf is what momentValues has spelt; nil for none.
func momentOf(at *event.Position, t *time.Time) (*engine.Moment, error) {
	switch {
	case at != nil && t != nil:
		return nil, errors.New("parameter time: there is a position as well")
	case at != nil && *at == 0:
		return nil, errors.New("parameter at: 0 is no position")
	case at != nil:
		return &engine.Moment{Position: *at}, nil
	case t != nil:
		return &engine.Moment{Time: *t}, nil
	}
	return nil, nil
}
