package file_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/file"
)

// Lines are read as they are at one moment, over all files, whoever writes meanwhile.
func TestReadIsOfOneMoment(t *testing.T) {
	cfg := file.Config{Folder: t.TempDir(), MaxSize: 700}
	e := open(t, cfg, 1)
	execute(t, e, notes(0, 5))
	want := read(t, cfg, false).Performed(t)
	number := 0
	err := file.Read(t.Context(), cfg, "notes", 1, func(at event.Position) error {
		if at != 5 {
			t.Errorf("it is at position %d", at)
		}
		execute(t, e, notes(5, 9))
		return nil
	}, func(table, key, text string) error {
		number++
		if key != fmt.Sprintf("%020d", number) || table != "lines" || text == "" {
			t.Errorf("line %d is %s of %s: %s", number, key, table, text)
		}
		return nil
	})
	if d := cmp.Diff(len(want), number); d != "" || err != nil {
		t.Errorf("%v, lines (-want +got):\n%s", err, d)
	}
	stop := errors.New("stop")
	nothing := func(event.Position) error { return nil }
	if err := file.Read(t.Context(), cfg, "notes", 1, nothing, func(_, _, _ string) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the error is %v", err)
	}
	if err := file.Read(t.Context(), cfg, "notes", 2, nothing, nil); err == nil {
		t.Error("a generation that is not there is read")
	}
	cfg.Keep = 1
	if err := file.Read(t.Context(), cfg, "notes", 1, nothing, nil); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("where files are thrown away: %v", err)
	}
}
