package frame

import "strconv"

// FormatError is a frame that breaks the layout.
type FormatError struct {
	Frame  string // "batch", "result", "effects", "outcome" or "message"
	Part   string // such as "event 12"; empty for the header
	Reason string
}

func (e *FormatError) Error() string {
	at := e.Frame + " frame"
	if e.Part != "" {
		at += ", " + e.Part
	}
	return at + ": " + e.Reason
}

func part(name string, index int) string { return name + " " + strconv.Itoa(index) }
