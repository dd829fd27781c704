package javascript

import _ "embed"

// Guest is the module that runs a projection in JavaScript.
//
//go:embed guest/guest.wasm
var Guest []byte
