// Package control is how other processes ask a running engine: an HTTP server, its
// client, and a service on a NATS server.
//
// What can be asked is a table of verbs: see verb.go. Each has a name, a method and a
// path, the right that it takes, a struct of what is asked and a type of what is answered.
// The routes of a [Server], the subjects of a [Service] and openapi.json are made of it, so
// that a new verb is one line of the table, a struct, and a function; then
//
//	go test ./engine/control -run TestOpenAPI -update
//
// writes the document anew. [Client] has a method for what the command line asks, of an
// engine of this machine or, with what a [Remote] says, of another one: the requests are
// the same, and only how they are sent differs.
//
//	verb.go, ask.go, errors.go    the table, how a request is read, what an error is
//	lifecycle.go, state.go, …     the verbs
//	server.go, access.go, tls.go  HTTP, who may ask, and how that is encrypted
//	client.go, remote.go          who asks by HTTP, here and elsewhere
//	service.go, discovery.go      NATS
//	monitor.go, health.go, metrics.go, collector.go  for those who watch
//
// Invariants:
//
//  1. Every request by HTTP needs a token, or a client's certificate, that has the verb's
//     right: without one the answer is 401, with too little 403. A monitor's need none:
//     they change nothing, and say no more than names, positions, states and errors.
//  2. What other machines reach is encrypted. A request that a page in a browser may have
//     made is refused. No log, error or answer has a token.
//  3. An error is {"error": text} with a status of 4xx or 5xx, and "refused" if a
//     pipeline's state does not allow what is asked, "refused_job" if a job's does not.
//  4. A request says what its verb takes, and nothing else: what is unknown is an error.
//  5. A monitor listens on loopback addresses only; a service listens nowhere, and who may
//     ask it the NATS server says. It publishes to inboxes only, and once Close has returned
//     it asks the engine nothing.
//  6. A [Client] shows its token to the server that it was given, encrypted or on this
//     machine, and to nobody who is named by an answer. What is not an engine's answer is an
//     error: see [UnreachedError], [StrangerError] and [AnswerError].
//  7. A client that is slow, silent or too long holds up nobody but itself, and not for ever.
package control
