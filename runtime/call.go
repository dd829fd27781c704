package runtime

import "fmt"

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

// InterruptedError is a call of an executor that was ended because its context was
// done.
type InterruptedError struct {
	Plugin string
	// Effect is the index in the batch of the effect that was being performed, or
	// NoEvent; those before it are done.
	Effect int
	Err    error // the context's
}

func (e *InterruptedError) Error() string {
	return fmt.Sprintf("calling plugin %s: %v", e.Plugin, e.Err)
}

// Unwrap returns the context's error.
func (e *InterruptedError) Unwrap() error { return e.Err }

// EffectIndex is as that of a GuestError.
func (e *InterruptedError) EffectIndex() (index int, ok bool) { return e.Effect, e.Effect >= 0 }
