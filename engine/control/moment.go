package control

import (
	"fmt"
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
func momentOf(q url.Values) (*engine.Moment, error) {
	switch {
	case q.Has("at"):
		n, err := strconv.ParseUint(q.Get("at"), 10, 64)
		if err != nil || n == 0 {
			return nil, fmt.Errorf("at=%s is no position", q.Get("at"))
		}
		return &engine.Moment{Position: event.Position(n)}, nil
	case q.Has("time"):
		t, err := time.Parse(time.RFC3339Nano, q.Get("time"))
		if err != nil {
			return nil, fmt.Errorf("time=%s is no time", q.Get("time"))
		}
		return &engine.Moment{Time: t}, nil
	}
	return nil, nil
}
