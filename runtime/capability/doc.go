// Package capability is what an executor may be granted of the world outside: HTTP
// hosts, SQL connections, NATS subjects and secrets, one by one.
//
//   - [Grants] are what a configuration lets an executor have; the zero Grants let
//     it have nothing.
//   - [Calls] performs what an executor asks for, as sdk/ABI.md says under "Calls of
//     the host". It is what a plugin host hands to its guest.
//   - [NotGrantedError] names what was not granted, and the line of YAML that would.
//
// Invariants:
//
//  1. What is not granted is not done, whatever the request looks like: a URL, a
//     subject or a name is compared after it is in its one form, and refused where
//     it has none.
//  2. A host name leads to public addresses only, whatever its name server says, at
//     the moment of the connection; private ones have to be granted. Redirects are
//     not followed, and no proxy is asked.
//  3. A request that is wrong, and whatever fails, is an answer with a code. Nothing
//     that a guest passes makes a call panic.
//  4. Bytes, rows and time are bounded, for each call and for all calls of an effect.
//  5. No secret, password, header, path or query of a URL is in an error.
//  6. Close leaves nothing open.
//
// Calls serves one batch at a time; it is used by the goroutine that performs it.
// Connections are made when they are first asked for. Start reading at calls.go.
package capability
