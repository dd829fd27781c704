package control

import (
	"errors"
	"net/http"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/job"
)

// errFailed is a fault of this program.
var errFailed = errors.New("answering the request has failed: the engine's log says why")

// codeOf is the status of an answer that is an error.
func codeOf(err error) int {
	var unfit *askError
	var away *unavailableError
	var absent *engine.NotAsideError
	var dropped *engine.NotKeptError
	var large *tooLargeError
	var cursor *engine.CursorError
	switch {
	case errors.Is(err, errFailed):
		return http.StatusInternalServerError
	case errors.As(err, &unfit), errors.As(err, &cursor):
		return http.StatusBadRequest
	case errors.As(err, &away):
		return http.StatusServiceUnavailable
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, engine.ErrUnknownPipeline), errors.Is(err, engine.ErrNoKey), errors.Is(err, job.ErrUnknown), errors.Is(err, errNoCopy),
		errors.As(err, &absent), errors.As(err, &dropped):
		return http.StatusNotFound
	}
	return http.StatusConflict
}

// errorBody is an error, with what a client can decide on.
type errorBody struct {
	Error   string               `json:"error,omitempty"`
	Refused *engine.RefusedError `json:"refused,omitempty"`
	// RefusedJob is what the state of a job does not allow.
	RefusedJob *job.RefusedError `json:"refused_job,omitempty"`
}

func bodyOf(err error) errorBody {
	b := errorBody{Error: err.Error()}
	_ = errors.As(err, &b.Refused) || errors.As(err, &b.RefusedJob)
	return b
}

// err is what bodyOf was given, as far as a client can decide on it.
func (b errorBody) err() error {
	if b.Refused != nil {
		return b.Refused
	}
	if b.RefusedJob != nil {
		return b.RefusedJob
	}
	return errors.New(b.Error)
}
