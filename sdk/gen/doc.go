// Package gen writes an event catalog down as types of the languages that guests
// are written in.
//
//   - [Event] is a type of event, with its [Field]s, as a catalog declares it.
//   - [Generate] writes the source.
//
// Invariants:
//
//  1. The same events give the same text, in the order in which they are given.
//  2. The text compiles as it is, together with the language's kit.
//  3. Names are made of the catalog's by the language's custom. Names that would
//     meet are numbered, and reserved words get an underscore.
//  4. A field whose name the language's usual way cannot read is read another way.
//     One for which there is none is an error, or named in a comment.
//
// Where a language has slots only, as C, a field is read by its slot: the first
// level of the payload. It reads no files. Start reading at Generate.
package gen
