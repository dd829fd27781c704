package signal

import (
	"math"
	"time"
)

// Time is a point in time, in milliseconds since 1970-01-01 UTC.
type Time int64

// The first and the last time. What is asked for at MaxTime includes all that
// ever happens.
const (
	MinTime Time = math.MinInt64
	MaxTime Time = math.MaxInt64
)

// TimeOf is the millisecond in which t lies. Times beyond MinTime and MaxTime
// become these.
func TimeOf(t time.Time) Time {
	const bound = math.MaxInt64/1000 - 1 // seconds
	switch s := t.Unix(); {
	case s > bound:
		return MaxTime
	case s < -bound:
		return MinTime
	}
	return Time(t.UnixMilli())
}

// UTC is the time's beginning as a time.Time.
func (t Time) UTC() time.Time { return time.UnixMilli(int64(t)).UTC() }
