package jetstream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// StreamConfigError is an existing stream that must not be used as the log,
// because one of its settings differs. Nothing was changed.
type StreamConfigError struct {
	Stream string
	Field  string // as NATS calls it, such as "max_age"
	Want   string
	Got    string
}

func (e *StreamConfigError) Error() string {
	return fmt.Sprintf("stream %s exists with %s %s, but an event log needs %s; change the stream, or choose another stream name and prefix", e.Stream, e.Field, e.Got, e.Want)
}

// streamConfig is the configuration that a new stream gets.
func streamConfig(cfg Config) jetstream.StreamConfig {
	sc := jetstream.StreamConfig{
		Name:               cfg.Stream,
		Description:        "Refold event log",
		Subjects:           []string{subjects{cfg.Prefix}.all()},
		Retention:          jetstream.LimitsPolicy,
		Discard:            jetstream.DiscardNew,
		MaxMsgs:            -1,
		MaxBytes:           -1,
		MaxMsgsPerSubject:  -1,
		Storage:            jetstream.FileStorage,
		Replicas:           max(cfg.Replicas, 1),
		Duplicates:         cfg.DuplicateWindow,
		DenyDelete:         true,
		DenyPurge:          true,
		AllowDirect:        true,
		AllowAtomicPublish: true,
		AllowBatchPublish:  true, // a server before 2.14 ignores it; imports do without
	}
	if cfg.MemoryStorage {
		sc.Storage = jetstream.MemoryStorage
	}
	if sc.Duplicates == 0 {
		sc.Duplicates = DefaultDuplicateWindow
	}
	return sc
}

// ensureStream creates the stream, or checks the one that exists, and returns
// its configuration.
func ensureStream(ctx context.Context, js jetstream.JetStream, cfg Config) (jetstream.StreamConfig, error) {
	want := streamConfig(cfg)
	stream, err := js.Stream(ctx, cfg.Stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = createStream(ctx, js, want)
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // somebody was quicker
			stream, err = js.Stream(ctx, cfg.Stream)
		}
	}
	if err != nil {
		return want, fmt.Errorf("opening stream %s: %w", cfg.Stream, err)
	}
	got := stream.CachedInfo().Config
	return got, checkStream(cfg, want, got)
}

// The server removes the files of a deleted stream in its own time, and makes no
// other one of that name before it is done.
const (
	createAttempts = 10
	createPause    = 100 * time.Millisecond
)

func createStream(ctx context.Context, js jetstream.JetStream, sc jetstream.StreamConfig) (stream jetstream.Stream, err error) {
	for range createAttempts {
		if stream, err = js.CreateStream(ctx, sc); !refused(err, codeStreamCreate) {
			break
		}
		pause(ctx, createPause)
	}
	return stream, err
}

// checkStream reports the first setting of an existing stream that would make
// the log lose, change or refuse events, or that cfg asks for otherwise.
func checkStream(cfg Config, want, got jetstream.StreamConfig) error {
	rules := []struct {
		field     string
		ok        bool
		want, got any
	}{
		{"subjects", slices.Equal(got.Subjects, want.Subjects), want.Subjects, got.Subjects},
		{"retention", got.Retention == want.Retention, want.Retention, got.Retention},
		{"max_age", got.MaxAge == 0, "no limit", got.MaxAge},
		{"max_bytes", got.MaxBytes <= 0, "no limit", got.MaxBytes},
		{"max_msgs", got.MaxMsgs <= 0, "no limit", got.MaxMsgs},
		{"max_msgs_per_subject", got.MaxMsgsPerSubject <= 0, "no limit", got.MaxMsgsPerSubject},
		{"discard", got.Discard == want.Discard, want.Discard, got.Discard},
		{"storage", got.Storage == want.Storage, want.Storage, got.Storage},
		{"num_replicas", cfg.Replicas == 0 || got.Replicas == want.Replicas, want.Replicas, got.Replicas},
		{"duplicate_window", cfg.DuplicateWindow == 0 || got.Duplicates == want.Duplicates, want.Duplicates, got.Duplicates},
		{"deny_delete", got.DenyDelete, true, false},
		{"deny_purge", got.DenyPurge, true, false},
		{"allow_direct", got.AllowDirect, true, false},
		{"allow_atomic", got.AllowAtomicPublish, true, false},
		{"allow_rollup_hdrs", !got.AllowRollup, false, true},
		{"allow_msg_ttl", !got.AllowMsgTTL, false, true},
		{"allow_msg_counter", !got.AllowMsgCounter, false, true},
		{"no_ack", !got.NoAck, false, true},
		{"sealed", !got.Sealed, false, true},
		{"mirror", got.Mirror == nil, "none", "set"},
		{"sources", len(got.Sources) == 0, "none", "set"},
		{"subject_transform", got.SubjectTransform == nil, "none", "set"},
	}
	for _, r := range rules {
		if !r.ok {
			return &StreamConfigError{Stream: got.Name, Field: r.field, Want: fmt.Sprint(r.want), Got: fmt.Sprint(r.got)}
		}
	}
	return nil
}
