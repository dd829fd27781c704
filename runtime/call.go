package runtime

// Call is what an executor asks its host for.
type Call struct {
	// Function is its name, such as "http".
	Function string
	// Effect is the index in the batch of the effect that is being performed, or
	// NoEvent for none.
	Effect int
	// Request is a message, unchecked. Its bytes are the callee's.
	Request []byte
}
