// Package http is an executor that posts effects to a URL: a webhook.
//
//   - [Config] says where and how; [Config.Validate] checks it without I/O.
//   - [Executor] posts the effects of a batch in their JSON form, each by itself or
//     several in a request, as an array.
//
// Invariants:
//
//  1. Effects are posted in order, one request after the other, each when the one
//     before it has been taken.
//  2. Every request has an Idempotency-Key: the effect's id or, of several, a hash
//     of their ids. Every effect has its id in its JSON form. What comes again comes
//     under the same id.
//  3. The status decides: 2xx is taken; 408, 425, 429, 5xx and what goes wrong on the
//     way pass, after what Retry-After says; redirections and the 4xx that every
//     effect would get, such as 401 and 404, are about the endpoint, and fatal; the
//     other 4xx condemn the effect. Of several in a request, the condemned one is
//     found by halving it.
//  4. No request goes to another host or scheme than the URL's, and certificates are
//     always checked.
//  5. An error has of the URL the scheme and the host, and no secret, not even where
//     the server repeats one. Of an answer at most 64 KiB are read, within the
//     timeout, and a short piece is quoted.
//
// It keeps no position and knows no generations.
//
// Start reading at [Executor.Execute].
package http
