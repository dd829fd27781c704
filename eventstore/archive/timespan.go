package archive

import (
	"math"
	"time"
)

// timeSpan is a range of event times in Unix nanoseconds, both ends included.
type timeSpan struct{ min, max int64 }

// newTimeSpan returns the span that includes nothing.
func newTimeSpan() timeSpan { return timeSpan{math.MaxInt64, math.MinInt64} }

func (s *timeSpan) add(t int64) { s.include(timeSpan{t, t}) }

func (s *timeSpan) include(o timeSpan) {
	s.min, s.max = min(s.min, o.min), max(s.max, o.max)
}

func (s timeSpan) has(t int64) bool { return s.min <= t && t <= s.max }

func (s timeSpan) meets(o timeSpan) bool { return s.min <= o.max && o.min <= s.max }

// nanos is a time in Unix nanoseconds, or the nearest that can be told.
func nanos(t time.Time) int64 {
	switch {
	case t.Before(time.Unix(0, math.MinInt64)):
		return math.MinInt64
	case t.After(time.Unix(0, math.MaxInt64)):
		return math.MaxInt64
	}
	return t.UnixNano()
}
