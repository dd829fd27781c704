package control

import (
	"context"
	"net/http"
	"reflect"
	"slices"

	"github.com/refold-dev/refold/engine"
)

// Right is what somebody may do with an engine.
type Right string

const (
	// Read is to look at everything.
	Read Right = "read"
	// Operate is to change what the engine does.
	Operate Right = "operate"
)

// verb is one thing that can be asked of a running engine, whichever way it is asked.
type verb struct {
	// name is what the subject of a request by NATS ends with, and the operation in the
	// OpenAPI document.
	name         string
	method, path string
	right        Right
	// about says in a sentence what it does.
	about string
	act
}

// act is what a verb takes, does and answers.
type act struct {
	// asks is a struct: see ask.go.
	asks reflect.Type
	// answers is the type of the answer, of a line of it or of an event's data, and media
	// how it comes.
	answers reflect.Type
	media   string
	// do is nil where the answer is for HTTP alone.
	do func(ctx context.Context, about *asked, ask any, to answer) error
	// serve writes an answer that is for HTTP alone.
	serve func(s *Server, w http.ResponseWriter, r *http.Request, ask any)
}

// How answers come.
const (
	mediaJSON   = "application/json"
	mediaLines  = "application/jsonl"
	mediaEvents = "text/event-stream"
)

// asked is what verbs are about: an engine, the events that it is fed, and what brings it
// its configuration and what has become of its pipelines, either of which may be nil.
type asked struct {
	engine     *engine.Engine
	events     EventReader
	configured Configured
	journal    Journal
}

// answer takes what a verb has to say: one value, or lines.
type answer interface {
	one(v any) error
	line(v any) error
}

// one is what answers with one value.
func one[Q, A any](do func(ctx context.Context, about *asked, q *Q) (A, error)) act {
	return act{asks: reflect.TypeFor[Q](), answers: reflect.TypeFor[A](), media: mediaJSON,
		do: func(ctx context.Context, about *asked, ask any, to answer) error {
			a, err := do(ctx, about, ask.(*Q))
			if err != nil {
				return err
			}
			return to.one(a)
		}}
}

// lines is what answers with any number of lines. Its error is the last of them.
func lines[Q, L any](do func(ctx context.Context, about *asked, q *Q, tell func(L) error) error) act {
	return act{asks: reflect.TypeFor[Q](), answers: reflect.TypeFor[L](), media: mediaLines,
		do: func(ctx context.Context, about *asked, ask any, to answer) error {
			return do(ctx, about, ask.(*Q), func(l L) error { return to.line(l) })
		}}
}

// nothing is what is asked where there is nothing to say.
type nothing struct{}

// ofPipeline is what is asked of a pipeline as a whole.
type ofPipeline struct {
	Pipeline string `json:"pipeline" in:"path"`
}

// verbs are all that there are. The routes, the subjects and the OpenAPI document are
// made of this table.
var verbs = slices.Concat(pipelineVerbs, transitionVerbs, stateVerbs, generationVerbs, deadLetterVerbs, replayVerbs, eventVerbs, logVerbs, configurationVerbs, documentVerbs)

// watches are what a monitor serves, and a server as well, with the type of the answer,
// which is a text where there is none.
var watches = []struct {
	path, about string
	answers     reflect.Type
}{
	{"/healthz", "Whether all pipelines are well: with 503 where one is not.", reflect.TypeFor[Health]()},
	{"/readyz", "Whether the engine runs and each pipeline folds that should: with 503 where one does not.", reflect.TypeFor[Readiness]()},
	{"/metrics", "Figures, as Prometheus reads them.", nil},
}
