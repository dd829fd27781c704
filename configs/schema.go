// Package configs has the JSON Schema of configurations, which lies beside those to begin
// with. It is made of the types in engine/config, by the tests there.
package configs

import _ "embed"

// Schema is the JSON Schema, in the dialect of 2020-12.
//
//go:embed refold.schema.json
var Schema []byte
