//go:build !wasip1 && !wasm_unknown

package executor

// Host answers calls of the host natively, where there is none: a test sets it. It
// gets a function's name and its request, a message, and returns the answer.
var Host func(function string, request []byte) (answer []byte)

// function is the name of a function of the host.
type function string

const (
	hostHTTP    function = "http"
	hostExec    function = "sql_exec"
	hostSelect  function = "sql_query"
	hostPublish function = "nats_publish"
	hostSecret  function = "secret"
)

func call(f function, request []byte) []byte {
	if Host == nil {
		panic("refold: there is no host; a test sets executor.Host")
	}
	return Host(string(f), request)
}

func beginEffect(int32) {}
