package jetstream

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// Config says where the server is and what the stream is called. The zero
// value of each field but URL is a sound choice.
type Config struct {
	// URL is one NATS URL or several, separated by commas.
	URL string
	// Token, User and Password, CredentialsFile, and CertFile and KeyFile are what the
	// server may ask for: a token, a user, a file of NATS credentials, and PEM files of a
	// client's certificate and its key. CAFile is a PEM file of the authorities that sign
	// the server's certificate.
	Token             string
	User, Password    string
	CredentialsFile   string
	CertFile, KeyFile string
	CAFile            string

	// Prefix leads all subjects: one or more snake_case tokens, separated by
	// dots. The default is "infrastructure".
	Prefix string
	// Stream is the stream's name. The default is Prefix in upper case with
	// "_EVENTS" behind it.
	Stream string
	// Replicas is the number of copies that a cluster keeps. 0 makes a new
	// stream with one copy and takes an existing one as it is.
	Replicas int
	// MemoryStorage keeps a new stream in the server's memory.
	MemoryStorage bool
	// DuplicateWindow is how long the server remembers event ids; it costs the
	// server about 150 bytes per event appended within it. 0 makes a new stream
	// with two minutes and takes an existing one as it is.
	DuplicateWindow time.Duration

	// Known says where in the log an event id is, for ids that the server has
	// forgotten: of events older than DuplicateWindow it must know all, of
	// younger ones it need not. With it, repeating an append is safe however
	// late and whatever it expects then, at the price of one call for each event
	// that is appended to an aggregate that may have events. What it says is
	// checked against the log.
	Known func(ctx context.Context, id uuid.UUID) (event.Position, bool, error)

	// StreamsDir is the folder in which the server at URL keeps its streams, if
	// this process may read it: embedded.Server.StreamsDir. Reading much of the
	// log then reads its files, which is several times as fast as to let the
	// server send it. It asks the server how far to read, and for all that the
	// files do not soundly hold.
	StreamsDir string
	// MaxBatch bounds a batch of Follow, in events. The default is 1024.
	MaxBatch int
	// Logger is told of lost and regained connections. The default discards.
	Logger *slog.Logger
}

const (
	defaultPrefix   = "infrastructure"
	defaultMaxBatch = 1024
)

// DefaultDuplicateWindow is Config.DuplicateWindow where nobody says otherwise.
const DefaultDuplicateWindow = 2 * time.Minute

func (c Config) withDefaults() (Config, error) {
	if c.Prefix == "" {
		c.Prefix = defaultPrefix
	}
	if c.Stream == "" {
		c.Stream = strings.ToUpper(strings.ReplaceAll(c.Prefix, ".", "_")) + "_EVENTS"
	}
	if c.MaxBatch <= 0 {
		c.MaxBatch = defaultMaxBatch
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	switch {
	case c.URL == "":
		return c, fmt.Errorf("a NATS URL is required")
	case strings.ContainsAny(c.Stream, " .*>/\\\t\r\n"):
		return c, fmt.Errorf("stream name %q: must be without spaces, dots, wildcards and slashes", c.Stream)
	case c.Replicas < 0 || c.DuplicateWindow < 0:
		return c, fmt.Errorf("replicas and duplicate window must not be negative")
	}
	return c, checkPrefix(c.Prefix)
}
