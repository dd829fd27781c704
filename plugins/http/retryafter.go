package http

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter bounds how long a server can make an executor wait.
const maxRetryAfter = time.Hour

// retryAfter reads the header of that name, which is a number of seconds or a date;
// 0 for nothing that is either.
func retryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if seconds, err := strconv.ParseUint(header, 10, 64); err == nil {
		return time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second
	}
	if len(header) > 0 && strings.Trim(header, "0123456789") == "" {
		return maxRetryAfter // more than 64 bits
	}
	date, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return min(max(date.Sub(now), 0), maxRetryAfter)
}
