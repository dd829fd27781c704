// Package control is how other processes ask a running engine: an HTTP server
// on loopback, and its client, and a service on a NATS server.
//
//	GET  /v1/pipelines                    → [Status]
//	GET  /v1/pipelines/{name}/state[?key=&at=&time=] → the state, as JSON; as it was at a position or a time
//	POST /v1/pipelines/{name}/pause       → Status; the body may be {"reason": text}
//	POST /v1/pipelines/{name}/resume      → Status
//	POST /v1/pipelines/{name}/reset       → JSON Lines: {"job":Job}, …, the last one done, or {"error":…}
//	POST /v1/replays                      → Job; the body is a job.Request
//	GET  /v1/replays                      → [Job], in the order of their submission
//	GET  /v1/replays/{id}                 → Job
//	POST /v1/replays/{id}/pause           → Job, as it is then
//	POST /v1/replays/{id}/resume          → likewise
//	POST /v1/replays/{id}/cancel          → likewise
//	GET  /v1/pipelines/{name}/history?key= → JSON Lines: {"change":[KeyChange]}, …, then {"done":true} or {"error":…}
//	POST /v1/pipelines/{name}/proof       → JSON Lines: {"position":…,"target":…}, …, then {"proof":[Proof]} or {"error":…}
//	GET  /v1/pipelines/{name}/generations → [engine.Generation]
//	DELETE /v1/pipelines/{name}/generations/{n} → those that are left
//	POST /v1/pipelines/{name}/rollback    → Status; the body may be {"generation": n}
//	GET  /v1/events?[aggregate=TYPE/ID&version=&correlation=&since=&until=&from=&limit=]
//	                                       → JSON Lines: {"position":…,"version":…,"event":…}, see [EventQuery]
//	GET  /v1/comparison                   → {"through":…}: the log is as in the archive up to there
//	GET  /healthz                         → [Health], with 503 where a pipeline is not well
//	GET  /metrics                         → the statuses as Prometheus reads them
//
// The last two a [Monitor] serves as well, for those who watch.
//
// A [Service] answers by NATS request what is about replay jobs, with the same bodies,
// at SUBJECT.replays.submit, list, show, pause, resume and cancel, on the server that
// it is given.
//
// Invariants:
//
//  1. Every request needs the bearer token; without it the answer is 401. A monitor's
//     need none: they change nothing, and say no more than names, positions, states
//     and errors.
//  2. An error is {"error": text} with a status of 4xx or 5xx, and "refused" if a
//     pipeline's state does not allow what is asked, "refused_job" if a job's does not.
//  3. The server listens on 127.0.0.1 only, a monitor on loopback addresses only; a
//     service listens nowhere, and who may ask it the NATS server says.
//  4. A service answers requests to inboxes only, and once Close has returned it asks
//     the engine nothing.
package control
