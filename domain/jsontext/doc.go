// Package jsontext finds where a JSON value ends, strictly after RFC 8259, in one
// pass and without allocating. It is for payloads, which are checked for each
// event and otherwise left alone.
//
// # Invariants
//
//  1. A text is accepted if and only if encoding/json accepts it, unless it is
//     nested deeper than [MaxDepth].
//  2. Strings are not checked for UTF-8, as encoding/json does not.
//
// It builds no values. Start reading at Scan.
package jsontext
