package imports

// errno is a WASI error number.
type errno uint32

// The numbers that the subset answers with.
const (
	success  errno = 0
	errBadf  errno = 8
	errFault errno = 21
	errInval errno = 28
	errSpipe errno = 70
)
