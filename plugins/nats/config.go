package nats

import "github.com/refold-dev/refold/domain/effect"

// ConfigError is a mistake in a configuration.
type ConfigError struct {
	// Field is what it is about, such as "subject".
	Field  string
	Reason string
	// Hint says what to do about it; it may be empty.
	Hint string
}

func (e *ConfigError) Error() string { return e.Field + ": " + e.Reason }

func checkKeys(keys effect.Keys) error {
	if err := keys.Validate(); err != nil {
		return &ConfigError{Field: "keys", Reason: err.Error(), Hint: "name the columns"}
	}
	return nil
}
