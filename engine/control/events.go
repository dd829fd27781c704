package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

var eventVerbs = []verb{
	{"events.list", "GET", "/v1/events", Read, "Events by aggregate, correlation, time or position, one a line.", lines(listEvents)},
	{"log.compare", "GET", "/v1/comparison", Read, "Holds the log against the archive, event by event, and says through which position there is one.", one(compare)},
}

// EventReader is an event store, as an [EventQuery] reads it.
type EventReader interface {
	Read(ctx context.Context, agg event.Aggregate, from event.Version) ([]event.Recorded, error)
	ReadAll(ctx context.Context, from event.Position, limit int) ([]event.Recorded, error)
	ReadCorrelation(ctx context.Context, id uuid.UUID) ([]event.Recorded, error)
	ReadTimeRange(ctx context.Context, agg event.Aggregate, from, to time.Time) ([]event.Recorded, error)
}

// Witness is an EventReader with a copy of the log, which it can hold against the
// log.
type Witness interface {
	// CompareAll returns the position through which there is a copy, and what
	// first differs as an error.
	CompareAll(ctx context.Context) (event.Position, error)
}

// EventQuery selects events. The zero value of a field selects all.
type EventQuery struct {
	Aggregate    event.Aggregate
	Correlation  uuid.NullUUID
	Since, Until time.Time // of the event's time, both included
	From         event.Position
	Version      event.Version // from which on, of the aggregate
	Limit        int           // of events; 0 for no limit
}

// Run returns the events by position; those of a correlation by event time.
func (q EventQuery) Run(ctx context.Context, store EventReader) (events []event.Recorded, err error) {
	all := q.Aggregate == event.Aggregate{}
	since, until := q.span()
	switch {
	case q.Correlation.Valid:
		events, err = store.ReadCorrelation(ctx, q.Correlation.UUID)
	case !q.Since.IsZero() || !q.Until.IsZero():
		events, err = store.ReadTimeRange(ctx, q.Aggregate, since, until)
	case !all:
		events, err = store.Read(ctx, q.Aggregate, max(q.Version, 1))
	default:
		limit := q.Limit
		if limit == 0 {
			limit = math.MaxInt32
		}
		return store.ReadAll(ctx, q.From, limit)
	}
	events = slices.DeleteFunc(events, func(r event.Recorded) bool {
		return r.Position < q.From || r.Version < q.Version || !all && r.Aggregate != q.Aggregate || r.Time.Before(since) || r.Time.After(until)
	})
	if q.Limit > 0 {
		events = events[:min(q.Limit, len(events))]
	}
	return events, err
}

func (q EventQuery) span() (since, until time.Time) {
	since, until = q.Since, q.Until
	if since.IsZero() {
		since = time.Unix(0, math.MinInt64)
	}
	if until.IsZero() {
		until = time.Unix(0, math.MaxInt64)
	}
	return since, until
}

// ParseAggregate reads an aggregate as type/id.
func ParseAggregate(text string) (agg event.Aggregate, err error) {
	name, id, ok := strings.Cut(text, "/")
	if agg.Type = name; ok {
		agg.ID, err = uuid.Parse(id)
	}
	if err == nil {
		err = event.ValidateTypeName(name)
	}
	if !ok || err != nil {
		return event.Aggregate{}, fmt.Errorf("%q is not an aggregate: write its type and its id as TYPE/ID", text)
	}
	return agg, nil
}

func (q EventQuery) values() url.Values {
	v := url.Values{"from": {strconv.FormatUint(uint64(q.From), 10)}, "version": {strconv.FormatUint(uint64(q.Version), 10)}, "limit": {strconv.Itoa(q.Limit)}}
	if q.Aggregate != (event.Aggregate{}) {
		v.Set("aggregate", q.Aggregate.String())
	}
	if q.Correlation.Valid {
		v.Set("correlation", q.Correlation.UUID.String())
	}
	if !q.Since.IsZero() {
		v.Set("since", q.Since.Format(time.RFC3339Nano))
	}
	if !q.Until.IsZero() {
		v.Set("until", q.Until.Format(time.RFC3339Nano))
	}
	return v
}

// eventsAsk is an EventQuery as it is asked.
type eventsAsk struct {
	Aggregate   string         `json:"aggregate,omitempty" in:"query" about:"of this aggregate, as TYPE/ID"`
	Correlation *uuid.UUID     `json:"correlation,omitempty" in:"query" about:"of this correlation"`
	Since       time.Time      `json:"since,omitzero" in:"query" about:"of this event time or later"`
	Until       time.Time      `json:"until,omitzero" in:"query" about:"of this event time or earlier"`
	From        event.Position `json:"from,omitempty" in:"query" about:"from this position on"`
	Version     event.Version  `json:"version,omitempty" in:"query" about:"from this version of the aggregate on"`
	Limit       int            `json:"limit,omitempty" in:"query" about:"how many at most; 0 is all"`

	query EventQuery
}

// Validate reports what cannot be selected.
func (q *eventsAsk) Validate() (err error) {
	q.query = EventQuery{Since: q.Since, Until: q.Until, From: q.From, Version: q.Version, Limit: q.Limit}
	if q.Correlation != nil {
		q.query.Correlation = uuid.NullUUID{UUID: *q.Correlation, Valid: true}
	}
	if q.Aggregate != "" {
		if q.query.Aggregate, err = ParseAggregate(q.Aggregate); err != nil {
			return fmt.Errorf("parameter aggregate: %w", err)
		}
	}
	if q.Version > 0 && q.Aggregate == "" {
		return errors.New("parameter version: needs an aggregate")
	}
	if q.Limit < 0 {
		return errors.New("parameter limit: must not be negative")
	}
	return nil
}

// recordedLine is one event of an answer, which has one a line.
type recordedLine struct {
	Position event.Position  `json:"position"`
	Version  event.Version   `json:"version"`
	Event    json.RawMessage `json:"event"`
}

// appendJSON spells the line, with the payload as it is: an encoder would write it anew.
func (l recordedLine) appendJSON(b []byte) []byte {
	return fmt.Appendf(b, `{"position":%d,"version":%d,"event":%s}`, l.Position, l.Version, l.Event)
}

func listEvents(ctx context.Context, about *asked, q *eventsAsk, tell func(recordedLine) error) error {
	events, err := q.query.Run(ctx, about.events)
	if err != nil {
		return err
	}
	var text []byte
	for i := range events {
		e := &events[i]
		text = event.AppendJSON(text[:0], &e.Event)
		if err := tell(recordedLine{e.Position, e.Version, text}); err != nil {
			return err
		}
	}
	return nil
}

// Events returns the events that a query selects.
func (c *Client) Events(ctx context.Context, q EventQuery) (events []event.Recorded, err error) {
	body, err := c.do(ctx, http.MethodGet, "/v1/events?"+q.values().Encode(), nil)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	for dec := json.NewDecoder(body); ; {
		var line recordedLine
		if err := dec.Decode(&line); errors.Is(err, io.EOF) {
			return events, nil
		} else if err != nil {
			return events, fmt.Errorf("reading the engine's events: %w", err)
		}
		e, err := event.ParseJSON(line.Event)
		if err != nil {
			return events, fmt.Errorf("reading the engine's event at position %d: %w", line.Position, err)
		}
		events = append(events, event.Recorded{Event: e, Position: line.Position, Version: line.Version})
	}
}
