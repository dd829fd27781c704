//go:build !wasip1

package refold

// beginEvent tells a host which event comes; natively there is none.
func beginEvent(int32) {}

// Print writes a line to the plugin's log at once, for whoever debugs it;
// natively to standard error. [Effects.Log] is the one that counts.
func Print(level Level, message string) {
	println([...]string{"debug", "info", "warn", "error"}[level&3], message)
}
