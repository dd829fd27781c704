// Package value is what guests in Go write and read beside events and effects, be
// they projections or executors: [Object], a writer of JSON objects without
// reflection, and [UUID].
//
// The kits have both under their own names; nothing else imports it.
package value
