package http

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestRetryAfterInEachForm: what HTTP's forms say is understood, up to the bound.
func TestRetryAfterInEachForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "now"), 0).UTC()
		pause := time.Duration(rapid.Int64Range(-100, 2*int64(maxRetryAfter/time.Second)).Draw(t, "seconds")) * time.Second
		forms := []string{http.TimeFormat, time.ANSIC}
		if year := now.Add(pause).Year(); year >= 1969 && year < 2068 { // RFC 850 has two digits for it
			forms = append(forms, "Monday, 02-Jan-06 15:04:05 GMT")
		}
		want := min(max(pause, 0), maxRetryAfter)
		for _, form := range forms {
			if got := retryAfter(now.Add(pause).Format(form), now); got != want {
				t.Errorf("%s at %s: %s, want %s", now.Add(pause).Format(form), now, got, want)
			}
		}
		if got := retryAfter(fmt.Sprint(int64(max(pause, 0)/time.Second)), now); got != want {
			t.Errorf("%d seconds: %s, want %s", pause/time.Second, got, want)
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "1", "99999999999999999999", "-1", "+5", "0x10", "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"} {
		f.Add(seed, int64(784111777))
	}
	f.Fuzz(func(t *testing.T, header string, now int64) {
		if pause := retryAfter(header, time.Unix(now, 0)); pause < 0 || pause > maxRetryAfter {
			t.Errorf("%q: %s", header, pause)
		}
	})
}
