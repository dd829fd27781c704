package wasmfile

import "fmt"

// Fault says in which way bytes are no module.
type Fault int

// The faults.
const (
	// NotWasm: the bytes do not start as a core module does.
	NotWasm Fault = iota
	// Truncated: the bytes end in the middle of the module.
	Truncated
	// Malformed: the bytes break the format.
	Malformed
	// Unsupported: the bytes use a part of the format that is not supported.
	Unsupported
)

// FormatError is a module that cannot be read.
type FormatError struct {
	Fault  Fault
	Offset int // in the file
	Reason string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("at byte %d: %s", e.Offset, e.Reason)
}
