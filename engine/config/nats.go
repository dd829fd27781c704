package config

import (
	"github.com/refold-dev/refold/domain/event"
)

// NATS brings effects to NATS, in exactly one of three ways.
type NATS struct {
	At `yaml:"-" json:"-"`
	// URL names the server or cluster; empty means the event log's own.
	URL string `yaml:"url" json:"url,omitempty"`
	Login

	// Events appends the events of EmitEvent effects to the event log, Publish publishes
	// effects to subjects, and KV keeps rows in a key-value bucket.
	Events  *NATSEvents  `yaml:"events" json:"events,omitempty"`
	Publish *NATSPublish `yaml:"publish" json:"publish,omitempty"`
	KV      *NATSBucket  `yaml:"kv" json:"kv,omitempty"`
}

// NATSEvents appends the events of EmitEvent effects to the event log.
type NATSEvents struct {
	At `yaml:"-" json:"-"`
	// AggregateType is that of events for which an effect names no stream; empty
	// means the pipeline's name, with "_" for each "-".
	AggregateType string `yaml:"aggregate_type" json:"aggregate_type,omitempty"`
	// SchemaVersions are the versions in which the projection writes events, by type;
	// the others are 1.
	SchemaVersions Numbers `yaml:"schema_versions" json:"schema_versions,omitempty"`
}

// NATSPublish publishes effects to subjects.
type NATSPublish struct {
	At `yaml:"-" json:"-"`
	// Subject and Headers are templates, such as "read.{name}.{key}".
	Subject string `yaml:"subject" json:"subject"`
	Headers Texts  `yaml:"headers" json:"headers,omitempty"`
	// Stream is the JetStream stream that takes the subjects; empty publishes to
	// whoever listens.
	Stream string `yaml:"stream" json:"stream,omitempty"`
	// Keys give the rows that are inserted their {key}.
	Keys Keys `yaml:"keys" json:"keys,omitempty"`
	// Window bounds the messages that are under way; 0 means the default.
	Window int `yaml:"window" json:"window,omitempty"`
}

// NATSBucket keeps rows in a key-value bucket.
type NATSBucket struct {
	At `yaml:"-" json:"-"`
	// Bucket is its name.
	Bucket string `yaml:"bucket" json:"bucket"`
	// Create makes the bucket if it is not there.
	Create bool `yaml:"create" json:"create,omitempty"`
	// Keys are the collections that the bucket keeps.
	Keys Keys `yaml:"keys" json:"keys"`
}

// identified is what makes the read model: only a bucket is one.
func (n *NATS) identified() *NATS {
	of := &NATS{KV: n.KV}
	if n.KV != nil {
		of.URL = n.URL
	}
	return of
}

func (r *rules) nats(n *NATS) {
	ways := 0
	for _, given := range []bool{n.Events != nil, n.Publish != nil, n.KV != nil} {
		if given {
			ways++
		}
	}
	if ways != 1 {
		r.fail(n.pos, "write one of events, publish, kv; several are several executors", "a nats executor does exactly one thing, this one %d", ways)
	}
	r.server(n)
	if n.Events != nil {
		r.events(n.Events)
	}
	if n.Publish != nil {
		r.publish(n.Publish)
	}
	if n.KV != nil {
		r.bucket(n.KV)
	}
}

// server refuses what is about another server than the log's where there is none.
func (r *rules) server(n *NATS) {
	if n.URL != "" && n.Events != nil {
		r.fail(n.Where("url"), "remove it; publish brings events elsewhere", "events are appended to the engine's own log")
	}
	r.login(n.At, n.URL, &n.Login)
}

func (r *rules) events(e *NATSEvents) {
	if e.AggregateType != "" {
		if err := event.ValidateTypeName(e.AggregateType); err != nil {
			r.fail(e.Where("aggregate_type"), "", "aggregate type: %s", err)
		}
	}
	for _, v := range e.SchemaVersions {
		if err := event.ValidateTypeName(v.Name); err != nil {
			r.fail(v.pos, "", "event type: %s", err)
		}
		if v.Number < 1 || v.Number > maxSchemaVersion {
			r.fail(v.pos, "1 is the first", "schema version %d of %s must lie between 1 and %d", v.Number, v.Name, maxSchemaVersion)
		}
	}
}

// maxSchemaVersion is what an event can carry.
const maxSchemaVersion = 1<<31 - 1

// publish leaves templates to whoever fills them.
func (r *rules) publish(p *NATSPublish) {
	if p.Subject == "" {
		r.fail(p.Where("subject"), "add `subject: read.{name}.{key}`", "the effects have no subject to be published to")
	}
	if p.Stream != "" && !streamName.MatchString(p.Stream) {
		r.fail(p.Where("stream"), "use letters, digits, _ and -", "%q cannot name a stream", p.Stream)
	}
	if p.outside("window", int64(p.Window), maxWindow) {
		r.fail(p.Where("window"), "1 waits for each message before the next", "window must lie between 1 and %d", maxWindow)
	}
	r.keys(p.Keys)
}

const maxWindow = 10_000

func (r *rules) bucket(b *NATSBucket) {
	if b.Bucket == "" {
		r.fail(b.Where("bucket"), "add `bucket: NAME`", "the bucket has no name")
	} else if !streamName.MatchString(b.Bucket) {
		r.fail(b.Where("bucket"), "use letters, digits, _ and -", "%q cannot name a bucket", b.Bucket)
	}
	if len(b.Keys) == 0 {
		r.fail(b.Where("keys"), "add `keys: {COLLECTION: [COLUMN]}`, the collections to keep and their primary keys", "the bucket keeps no collection")
	}
	r.keys(b.Keys)
}

func (r *rules) keys(keys Keys) {
	for _, k := range keys {
		if len(k.Columns) == 0 {
			r.fail(k.pos, "name the columns of the primary key", "collection %q has no key", k.Collection)
		}
	}
}
