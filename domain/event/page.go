package event

// Page is a stretch of a log, in memory that is used again for the next one: what
// was read before is lost with each reading. Its zero value is ready.
type Page struct {
	// Events are in order. Their Data and Metadata alias Bytes.
	Events []Recorded
	// Through is where the stretch ends. Of the positions up to there, those that
	// Events does not have were left out, because nobody asked for their types.
	Through Position
	// Bytes and Names are the reader's, to be used again.
	Bytes []byte
	Names map[string]string
}
