package embedded

import "os"

// WithFlush returns the options of a server that flushes files by flush.
func (o Options) WithFlush(flush func(*os.File) error) Options {
	o.flush = flush
	return o
}
