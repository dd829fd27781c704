package frame

// Version is the ABI version that this package speaks.
const Version = 1

// MaxSize bounds a frame, in bytes: offsets and lengths stay far below 2^31.
const MaxSize = 64 << 20

// MaxMessage bounds a message, in bytes.
const MaxMessage = 16 << 20

// Magic numbers: the first four bytes of a frame, read as ASCII.
const (
	batchMagic  = 'R' | 'F'<<8 | 'B'<<16 | '1'<<24
	resultMagic = 'R' | 'F'<<8 | 'R'<<16 | '1'<<24

	effectBatchMagic = 'R' | 'F'<<8 | 'E'<<16 | '1'<<24
	outcomeMagic     = 'R' | 'F'<<8 | 'O'<<16 | '1'<<24
	messageMagic     = 'R' | 'F'<<8 | 'M'<<16 | '1'<<24
)

// A batch: header, event records, group table, name tables, keys and states.
const (
	batchHeaderSize = 64
	groupSize       = 32
	nameSize        = 8
	eventHeaderSize = 128
	slotSize        = 16
)

// Batch header fields, as offsets from the frame's start.
const (
	bMagic         = 0
	bLength        = 4
	bVersion       = 8  // u16, then u16 reserved
	bEventCount    = 12 // events in all groups
	bGroupCount    = 16
	bGroups        = 20 // group table
	bTypeCount     = 24
	bTypes         = 28 // name table of event types
	bAggTypeCount  = 32
	bAggTypes      = 36 // name table of aggregate types
	bEvents        = 40 // first event record
	bEventsLength  = 44
	bSlotsPerEvent = 48 // 0, or the number of the manifest's fields; then 12 bytes reserved
)

// Group fields, as offsets from the group's start.
const (
	gKey         = 0
	gKeyLength   = 4
	gState       = 8
	gStateLength = 12
	gFlags       = 16
	gFirstEvent  = 20 // index of the group's first event in the batch
	gEventCount  = 24
	gEventsAt    = 28 // offset of the group's first event record
)

// Group flags.
const (
	groupHasState = 1 << 0
	groupKeyed    = 1 << 1
)

// Event fields, as offsets from the record's start; so are the offsets that
// they hold.
const (
	eLength        = 0 // of the whole record, a multiple of 8
	eFlags         = 4
	ePosition      = 8
	eVersion       = 16
	eTime          = 24 // i64, Unix nanoseconds
	eID            = 32
	eAggregateID   = 48
	eCorrelation   = 64
	eCausation     = 80
	eType          = 96
	eAggregateType = 100
	eSchemaVersion = 104
	eSlots         = 108
	eData          = 112
	eDataLength    = 116
	eMeta          = 120
	eMetaLength    = 124
)

// Event flags.
const (
	eventHasCausation = 1 << 0
	eventHasMetadata  = 1 << 1
)

// Slot fields, as offsets from the slot's start.
const (
	sKind   = 0
	sLength = 4 // of bytes elsewhere in the record
	sValue  = 8 // the value itself, or the bytes' offset from the record's start
)

// A result: header, effect records, group results and states; or header and
// reason.
const (
	resultHeaderSize = 48
	groupResultSize  = 16
	effectHeaderSize = 48
)

// Result header fields, as offsets from the frame's start.
const (
	rMagic           = 0
	rLength          = 4
	rVersion         = 8 // u16, then u16 reserved
	rStatus          = 12
	rGroupCount      = 16
	rGroups          = 20 // table of group results
	rEffectCount     = 24
	rEffects         = 28 // first effect record
	rErrorEvent      = 32 // of a rejected batch: index of the event
	rErrorText       = 36 // why
	rErrorTextLength = 40 // then 4 bytes reserved
)

// Result statuses.
const (
	statusFolded   = 0
	statusRejected = 1
)

// Group result fields, as offsets from the group result's start.
const (
	grGroup       = 0 // index of the group in the batch
	grDisposition = 4
	grState       = 8
	grStateLength = 12
)

// Effect fields, as offsets from the record's start; so are the offsets that
// they hold.
const (
	fLength     = 0 // of the whole record, a multiple of 8
	fKind       = 4 // u16
	fLevel      = 6 // u16
	fCause      = 8 // index of an event in the batch; then 4 bytes reserved
	fName       = 16
	fNameLength = 20
	fKey        = 24
	fKeyLength  = 28
	fBody       = 32
	fBodyLength = 36 // then 8 bytes reserved
)

// A batch of effects: header and effect records. An outcome: header and message.
// A message: header, slots, and the bytes that these refer to.
const (
	effectBatchHeaderSize   = 64
	batchedEffectHeaderSize = 104
	outcomeHeaderSize       = 40
	messageHeaderSize       = 16
)

// Fields of the header of a batch of effects, as offsets from the frame's start.
const (
	ebLength         = 4
	ebVersion        = 8 // u16, then u16 reserved
	ebCount          = 12
	ebGeneration     = 16
	ebAfter          = 24
	ebThrough        = 32
	ebPipeline       = 40
	ebPipelineLength = 44
	ebEffects        = 48 // first effect record
	ebEffectsLength  = 52 // then 8 bytes reserved
)

// Fields of an effect in a batch of effects, as offsets from the record's start; so
// are the offsets that they hold.
const (
	beLength      = 0 // of the whole record, a multiple of 8
	beKind        = 4 // u16
	beLevel       = 6 // u16
	beCause       = 8 // position of the event
	beID          = 16
	beCauseID     = 32 // of the event
	beCorrelation = 48
	beTime        = 64 // i64, Unix nanoseconds, of the event
	beOrdinal     = 72 // then 4 bytes reserved
	beName        = 80
	beKey         = 88
	beBody        = 96
)

// Outcome header fields, as offsets from the frame's start.
const (
	oLength     = 4
	oVersion    = 8 // u16, then u16 reserved
	oStatus     = 12
	oPerformed  = 16 // effects, from the batch's first on
	oPoison     = 20 // index of an effect
	oText       = 24 // why
	oTextLength = 28
	oAfter      = 32 // milliseconds; then 4 bytes reserved
)

// Message header fields, as offsets from the frame's start. The slots follow, with
// offsets that count from the frame's start.
const (
	mLength  = 4
	mVersion = 8 // u16, then u16 reserved
	mCount   = 12
)

// align rounds n up to a multiple of 8.
func align(n int) int { return (n + 7) &^ 7 }
