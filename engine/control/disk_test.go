package control_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/refold-dev/refold/engine/control"
)

// No scrape waits for a look at a large directory, whose numbers come when they are there,
// and nobody looks all the time.
func TestScrapesDoNotWaitForTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks, takes, broken := 0, 10*time.Second, error(nil)
		m := control.NewMetrics(control.MetricsOptions{Disk: func() (control.Disk, error) {
			looks++
			time.Sleep(takes)
			return control.Disk{Parts: map[string]uint64{"log": uint64(looks)}}, broken
		}})
		scrape := func(want string) {
			t.Helper()
			began, w := time.Now(), httptest.NewRecorder()
			m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
			if took := time.Since(began); took > time.Second {
				t.Errorf("a scrape takes %s", took)
			}
			if told := strings.Contains(w.Body.String(), "refold_disk_bytes"); told != (want != "") || !strings.Contains(w.Body.String(), want) {
				t.Errorf("want %q, after %d looks: %s", want, looks, w.Body)
			}
		}
		scrape("")
		scrape("")
		time.Sleep(takes)
		for range 18 { // a look of ten seconds is good for two hundred
			scrape(`refold_disk_bytes{part="log"} 1`)
			time.Sleep(10 * time.Second)
		}
		takes = time.Millisecond
		time.Sleep(time.Minute)
		scrape(`refold_disk_bytes{part="log"} 2`)
		time.Sleep(20 * time.Second)
		scrape(`refold_disk_bytes{part="log"} 2`)
		time.Sleep(20 * time.Second)
		scrape(`refold_disk_bytes{part="log"} 3`)
		broken = errors.New("no such folder")
		time.Sleep(time.Minute)
		scrape("")
		if looks != 4 {
			t.Errorf("%d looks", looks)
		}
	})
}
