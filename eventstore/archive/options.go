package archive

import (
	"log/slog"

	"github.com/refold-dev/refold/domain/catalog"
)

// Options says how an archive is written. The zero value of each field is a
// sound choice.
type Options struct {
	// Catalog makes events current as they are written; nil leaves them as they
	// are.
	Catalog *catalog.Catalog
	// ReadOnly opens an archive whatever catalog it was written under, to look at
	// what was stored. Nothing can be appended to it, and segments stay as they
	// are: what follows damage is left out, and Stats.Cut says so.
	ReadOnly bool
	// SegmentBytes is the size from which a segment is sealed: 64 MiB if 0, at
	// most 1 GiB.
	SegmentBytes int64
	// BlockEvents and BlockBytes bound a block; one event may exceed the bytes.
	// 1024 events and 256 KiB if 0.
	BlockEvents int
	BlockBytes  int
	// OpenSegments bounds the sealed segments whose files and fences are kept
	// open: 256 if 0.
	OpenSegments int
	// Strict makes Open return a *DamageError where it would otherwise cut the
	// active segment.
	Strict bool
	// Heal lets Open drop what follows damage in a sealed segment, instead of
	// returning a DamageError.
	Heal bool
	// Compress has sealed segments, but the last one, stored compressed (Zstandard,
	// in frames of 128 KiB, RFC 8878). They are read in place; what is read costs more,
	// single events most. Segments that are compressed are read whatever this says.
	Compress bool
	// Logger is told what Open cut and what was rebuilt. The default discards.
	Logger *slog.Logger
}

const maxSegmentBytes = 1 << 30

func (o Options) withDefaults() Options {
	if o.Catalog == nil {
		o.Catalog = &catalog.Catalog{}
	}
	if o.SegmentBytes <= 0 {
		o.SegmentBytes = 64 << 20
	}
	o.SegmentBytes = min(o.SegmentBytes, maxSegmentBytes)
	if o.BlockEvents <= 0 {
		o.BlockEvents = 1024
	}
	if o.BlockBytes <= 0 {
		o.BlockBytes = 256 << 10
	}
	if o.OpenSegments <= 0 {
		o.OpenSegments = 256
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}
