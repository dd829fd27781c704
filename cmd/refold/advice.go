package main

import (
	"errors"
	"fmt"
	"os/user"
	"path/filepath"
	"strconv"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/datadir"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/plugins/sqlite"
)

// adviceOn says what can be done about an error: the hint that it has, or what
// is always to be done about one of its kind, or nothing.
func adviceOn(err error) string {
	var h *hinted
	if errors.As(err, &h) {
		return h.hint
	}
	if errors.Is(err, engine.ErrNoKey) {
		return "`refold state PIPELINE` shows all keys that it has"
	}
	if advice := serverAdvice(err); advice != "" {
		return advice
	}
	var note *datadir.NoteError
	var other *datadir.FormatError
	var unmarked *datadir.UnmarkedError
	var owner *datadir.OwnerError
	var state *engine.DamagedStateError
	var refused *engine.RefusedError
	var changed *engine.ChangedError
	var kept *engine.NotKeptError
	var gone *engine.GoneError
	var aside *engine.NotAsideError
	var ahead *engine.AheadError
	switch {
	case errors.Is(err, datadir.ErrNone):
		return "name it with --data; `refold run` and `refold event import` make one"
	case errors.As(err, &other) && other.Version > datadir.Format:
		return "a later Refold has made it: run that one, or `refold event export` with it and `refold event import` into a new directory with this one"
	case errors.As(err, &other):
		return "`refold event export` with the Refold that made it, and `refold event import` into a new directory with this one; replays build the read models again"
	case errors.As(err, &unmarked):
		return fmt.Sprintf("if it is one, write %s anew: %s", filepath.Join(unmarked.Path, "format.json"), formatText)
	case errors.As(err, &owner):
		return ownerAdvice(owner)
	case errors.As(err, &note):
		return noteAdvice(note)
	case errors.As(err, &state):
		return "delete that file: the read model is then built again from the log"
	case errors.As(err, &refused):
		return refusedAdvice(refused)
	case errors.As(err, &changed):
		return "`refold replay " + changed.Pipeline + "` builds the read model as it is declared now; or declare it as it was"
	case errors.As(err, &aside):
		return "`refold dlq list " + aside.Pipeline + "` lists what there is"
	case errors.As(err, &ahead):
		return fmt.Sprintf("name a position up to %d, or a time", ahead.Head)
	case errors.As(err, &kept):
		return "`refold replay generations " + kept.Pipeline + "` lists them"
	case errors.As(err, &gone):
		return "`refold replay " + gone.Pipeline + "` builds the read model as it is declared now"
	case errors.Is(err, engine.ErrNoState):
		return "`refold run -c FILE` makes it, from the log"
	case errors.Is(err, sqlite.ErrDamaged):
		return "delete the database, with the -wal and the -shm file beside it: the read models in it are then built again from the log"
	case unsound(err):
		return logHint
	}
	return refusalAdvice(err)
}

// refusalAdvice is about a log that takes no appends.
func refusalAdvice(err error) string {
	switch {
	case errors.As(err, new(*eventstore.FlushError)):
		return "make room on the disk, or mend it; then restart the engine: until then no append is taken"
	case errors.As(err, new(*eventstore.LeaderlessError)):
		return "start the servers that are away: appends are taken again by themselves"
	}
	return ""
}

const formatText = `{"format": 1}`

// noteAdvice is about a damaged note of the data directory.
func noteAdvice(note *datadir.NoteError) string {
	switch filepath.Base(note.Path) {
	case "format.json":
		return "write it anew: " + formatText
	case "store.json":
		return "delete it, and before any other command let `refold run -c FILE` note again where the log is"
	}
	return "delete it; `refold run -c FILE` writes it anew"
}

// ownerAdvice is how root runs a command as the data directory's owner.
func ownerAdvice(e *datadir.OwnerError) string {
	who := fmt.Sprintf("setpriv --reuid %d --regid %d --clear-groups", e.UID, e.GID)
	if u, err := user.LookupId(strconv.Itoa(e.UID)); err == nil {
		who = "runuser -u " + u.Username + " --"
	}
	return "run it as that user: " + who + " refold …; or make the directory another user's: chown -R"
}

// unsound reports whether an error is about what the log holds.
func unsound(err error) bool {
	var gap *eventstore.GapError
	var versions *eventstore.VersionGapError
	var unreadable *eventstore.UnreadableError
	var changed *eventstore.ChangedError
	return errors.As(err, &gap) || errors.As(err, &versions) || errors.As(err, &unreadable) || errors.As(err, &changed)
}

// refusedAdvice is about what a pipeline's state does not allow.
func refusedAdvice(no *engine.RefusedError) string {
	switch no.Rule {
	case "already_paused":
		return "`refold resume " + no.Pipeline + "` lets it go on"
	case "paused":
		return "`refold resume " + no.Pipeline + "` first; `refold reset` does not wait for that"
	case "retired":
		return "`refold run -c FILE` with a configuration that has it takes it up again"
	}
	return ""
}
