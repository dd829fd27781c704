package refold

import "github.com/refold-dev/refold/sdk/go/value"

// UUID is a universally unique identifier.
type UUID = value.UUID

// Object writes a JSON object, name by name in the order of the calls. The zero
// Object is empty and ready for use.
type Object = value.Object
