package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	refold "github.com/refold-dev/refold/sdk/go"
	"github.com/refold-dev/refold/sdk/process"
)

// What this binary is as a plugin, for the scripts.

var additions = refold.IntField("additions")

// tallyPlugin serves a projection: lines added by folder or, with the argument resident, in
// all. With the argument clock it notes when it has folded an event that modifies a file,
// which no projection may.
func tallyPlugin() {
	if len(os.Args) > 1 && os.Args[1] == "resident" {
		serveSum()
		return
	}
	type added struct {
		N int64 `json:"n"`
	}
	refold.Register(refold.Keyed[added]{Name: "tally", Key: "dir", Events: []string{"file_added", "file_modified"},
		Fold: func(s *added, e refold.Event, out *refold.Effects) error {
			s.N += additions.Of(e)
			if len(os.Args) > 1 && os.Args[1] == "clock" && e.Type() == "file_modified" {
				s.N = time.Now().UnixNano()
			}
			out.Insert("lines", out.Object().Text("dir", e.Key()).Int("n", s.N).JSON())
			return nil
		}})
	process.ServeProjection()
}

func serveSum() {
	var sum int64
	refold.Register(refold.Resident{Name: "sum", Events: []string{"file_added", "file_modified"},
		Fold: func(e refold.Event, out *refold.Effects) error {
			sum += additions.Of(e)
			return nil
		},
		Query: func(string) ([]byte, error) { return fmt.Appendf(nil, `{"sum":%d}`, sum), nil },
	})
	process.ServeResident(
		func() ([]byte, error) { return json.Marshal(sum) },
		func(text []byte) error { return json.Unmarshal(text, &sum) },
	)
}

// journalPlugin serves an executor: a line for each row, in the file that its config names.
func journalPlugin() {
	process.ServeExecutor(func(_ context.Context, o process.Opening) (process.Executor, error) {
		var config struct{ File string }
		if err := json.Unmarshal(o.Config, &config); err != nil {
			return nil, fmt.Errorf("config: %w", err)
		}
		f, err := os.OpenFile(config.File, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		return &rowFile{f}, err
	})
}

// rowFile is that executor.
type rowFile struct{ *os.File }

func (r *rowFile) Handles(k effect.Kind) bool       { return k == effect.Insert }
func (r *rowFile) Position() (event.Position, bool) { return 0, false }
func (r *rowFile) Active() bool                     { return true }
func (r *rowFile) Activate(context.Context) error   { return nil }
func (r *rowFile) Discard(context.Context) error    { return nil }
func (r *rowFile) Execute(_ context.Context, b effect.Batch) error {
	var errs []error
	for _, f := range b.Effects {
		_, err := fmt.Fprintf(r, "%s %s\n", f.Name, f.Body)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
