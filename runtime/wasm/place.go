package wasm

import (
	"regexp"
	"slices"
	"strings"

	"github.com/ianlancetaylor/demangle"
)

// traceFrame is a line of wazero's stack trace: a name and a signature.
var traceFrame = regexp.MustCompile(`^\.?(.+?)\((?:[ifv]\d+|externref|funcref|,)*\)(?: .*)?$`)

// placeFrames is how many functions a trap's place names.
const placeFrames = 4

// place says in which functions a trap is, the innermost first, as far as the
// module, which calls itself by a name, names them. A function that calls itself is
// named once.
func place(err error, module string) string {
	_, trace, _ := strings.Cut(err.Error(), "\nwasm stack trace:\n")
	var names []string
	for line := range strings.Lines(trace) {
		frame := traceFrame.FindStringSubmatch(strings.TrimSpace(line))
		if frame == nil {
			break
		}
		name := strings.TrimPrefix(frame[1], module+".")
		if strings.HasPrefix(name, "$") { // $7 is the function without a name
			break
		}
		names = append(names, demangle.Filter(name))
	}
	names = slices.Compact(ofTheGuest(names))
	if len(names) == 0 {
		return ""
	}
	return " in " + strings.Join(names[:min(placeFrames, len(names))], ", called by ")
}

// panicking are the functions of languages and kits that a guest gives up in: where
// it does so, and why, is what those who call them know.
var panicking = regexp.MustCompile(`^(<?(core|std|alloc|__rustc)::|rust_begin_unwind$|refold_panic$|~lib/@refold-dev/assemblyscript/src/abort/)`)

// ofTheGuest leaves out the innermost functions that are not the guest's own, if
// some are.
func ofTheGuest(names []string) []string {
	first := slices.IndexFunc(names, func(name string) bool { return !panicking.MatchString(name) })
	return names[max(0, first):]
}
