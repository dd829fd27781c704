//go:build !wasip1 && !wasm_unknown

package module

// Log writes a line to the plugin's log, natively to standard error.
func Log(level int32, message string) {
	println([...]string{"debug", "info", "warn", "error"}[level&3], message)
}
