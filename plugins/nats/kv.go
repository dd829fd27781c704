package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"sync"

	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// BucketConfig says which bucket keeps rows, and under which keys.
type BucketConfig struct {
	// Bucket is the bucket's name.
	Bucket string
	// Create makes the bucket, in files and with the last value of each key, if it is
	// not there.
	Create bool
	// Keys are the collections that the bucket keeps.
	Keys effect.Keys
}

var bucketName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,200}$`)

// Validate checks the configuration without I/O.
func (c *BucketConfig) Validate() error {
	if !bucketName.MatchString(c.Bucket) {
		return &ConfigError{Field: "bucket", Reason: fmt.Sprintf("%q cannot name a bucket", c.Bucket), Hint: "use letters, digits, _ and -"}
	}
	if len(c.Keys) == 0 {
		return &ConfigError{Field: "keys", Reason: "no collection is named, so nothing could be kept", Hint: "name collections and the columns of their primary keys"}
	}
	return checkKeys(c.Keys)
}

// Bucket keeps the rows of one pipeline's generation. It is for one goroutine.
//
// A row of a collection is under <collection>.<key>, with a token for each column
// of the key. Its value is the row as a JSON object.
type Bucket struct {
	line
	cfg    BucketConfig
	stream jetstream.Stream
	order  []*row // of the batch that is being written
	rows   map[string]*row
}

// OpenBucket connects, and looks for the bucket or makes it.
func OpenBucket(ctx context.Context, connect Connect, c BucketConfig) (*Bucket, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	e := &Bucket{line: line{connect: connect, name: "refold bucket " + c.Bucket}, cfg: c, rows: map[string]*row{}}
	err := e.reopen(ctx)
	var missing *NoStreamError
	if errors.As(err, &missing) && c.Create {
		err = e.create(ctx)
	}
	if err != nil {
		return nil, errors.Join(retry(err), e.Close())
	}
	return e, nil
}

// reopen makes sure that there is a connection, and the bucket. One that has gone
// away meanwhile is not made anew: the rows in it are lost.
func (e *Bucket) reopen(ctx context.Context) error {
	fresh, err := e.open()
	if err != nil || !fresh && e.stream != nil {
		return err
	}
	e.stream, err = e.js.Stream(ctx, e.streamName())
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return &NoStreamError{e.streamName()}
	}
	if err != nil {
		return fmt.Errorf("looking for bucket %s: %w", e.cfg.Bucket, e.blame(err))
	}
	return nil
}

func (e *Bucket) create(ctx context.Context) error {
	_, err := e.js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: e.cfg.Bucket, Description: "rows of Refold", Storage: jetstream.FileStorage})
	if err != nil && !errors.Is(err, jetstream.ErrBucketExists) {
		return fmt.Errorf("making bucket %s: %w", e.cfg.Bucket, e.blame(err))
	}
	return e.reopen(ctx)
}

// streamName and subject are where the server keeps a bucket and its entries.
func (e *Bucket) streamName() string        { return "KV_" + e.cfg.Bucket }
func (e *Bucket) subject(key string) string { return "$KV." + e.cfg.Bucket + "." + key }

// Handles reports whether k writes rows.
func (e *Bucket) Handles(k effect.Kind) bool { return k.IsRow() }

// Execute writes the batch's rows, each once, side by side, and returns when the
// server has stored them. After an error some rows may be written and others not;
// the batch can be handed in again.
func (e *Bucket) Execute(ctx context.Context, b effect.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	defer e.clear()
	if err := e.gather(&b); err != nil {
		return err
	}
	err := e.reopen(ctx)
	if err != nil {
		err = retry(err)
	} else if err = e.write(ctx); errors.Is(err, client.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse) {
		err = e.gone(ctx, err)
	}
	if err == nil {
		return nil
	}
	var condemned *effect.PoisonError
	if !errors.As(err, &condemned) {
		e.end()
		e.stream = nil
	}
	return fmt.Errorf("writing rows: %w", err)
}

// gone tells a bucket that is not there any more from one that does not answer
// just now.
func (e *Bucket) gone(ctx context.Context, err error) error {
	if _, lookup := e.js.Stream(ctx, e.streamName()); errors.Is(lookup, jetstream.ErrStreamNotFound) {
		return &NoStreamError{e.streamName()}
	}
	return err
}

// gather sorts the batch's effects by row.
func (e *Bucket) gather(b *effect.Batch) error {
	for i := range b.Effects {
		f := &b.Effects[i]
		if !f.Kind.IsRow() {
			continue
		}
		key, err := e.key(f)
		if err == nil && f.Kind != effect.Delete {
			err = checkBody(f.Body)
		}
		if err != nil {
			return poison(f, err)
		}
		r, known := e.rows[key]
		if !known {
			r = &row{subject: e.subject(key)}
			e.rows[key] = r
			e.order = append(e.order, r)
		}
		r.asked = append(r.asked, asked{f, mark{b.Pipeline, b.Generation, f.Cause, f.Ordinal}})
	}
	return nil
}

func checkBody(body json.RawMessage) error {
	if err := event.ValidateObject(body); err != nil {
		return fmt.Errorf("its body %w", err)
	}
	return nil
}

// key is the row's in the bucket.
func (e *Bucket) key(f *effect.Effect) (string, error) {
	if _, declared := e.cfg.Keys[f.Name]; !declared {
		return "", fmt.Errorf("keys has no collection %.64q", f.Name)
	}
	columns, err := e.cfg.Keys.Of(f)
	if err != nil {
		return "", err
	}
	key := Token(f.Name) + "." + tokens(columns)
	return key, checkSubject(e.subject(key))
}

func (e *Bucket) clear() {
	clear(e.rows)
	e.order = e.order[:0]
}

// writers is how many rows are read and written at the same time.
const writers = 64

// write writes all rows. Of several errors it returns that of the first row.
func (e *Bucket) write(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	slots := make(chan struct{}, writers)
	errs := make([]error, len(e.order))
	var wg sync.WaitGroup
	for i, r := range e.order {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			if errs[i] = e.writeRow(ctx, r); errs[i] != nil {
				cancel()
			}
		})
	}
	wg.Wait()
	return first(ctx, errs)
}

// first is the first error, before any of a row that was called off for the sake
// of another.
func first(ctx context.Context, errs []error) error {
	var calledOff error
	for _, err := range errs {
		switch {
		case err != nil && !errors.Is(err, context.Canceled):
			return err
		case err != nil && calledOff == nil:
			calledOff = err
		}
	}
	if calledOff == nil {
		return ctx.Err()
	}
	return calledOff
}

// maxAttempts bounds how often a row is read again that others write.
const maxAttempts = 100

func (e *Bucket) writeRow(ctx context.Context, r *row) error {
	last := r.asked[len(r.asked)-1].effect
	for range maxAttempts {
		err := e.tryRow(ctx, r)
		if err == nil {
			return nil
		}
		if !refused(err, jetstream.JSErrCodeStreamWrongLastSequence) {
			return fmt.Errorf("%.64q: %w", last.Name, classify(last, e.blame(err)))
		}
	}
	return &effect.RetryError{Err: fmt.Errorf("%.64q: others write it all the time", last.Name)}
}

// tryRow reads a row, and writes it if nobody else has meanwhile.
func (e *Bucket) tryRow(ctx context.Context, r *row) error {
	found, err := e.stream.GetLastMsgForSubject(ctx, r.subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		found, err = &jetstream.RawStreamMsg{}, nil
	}
	if err != nil {
		return err
	}
	next, changed, err := r.next(found)
	if err != nil || !changed {
		return err
	}
	m := &client.Msg{Subject: r.subject, Header: client.Header{}}
	m.Header.Set(markHeader, next.mark.String())
	if next.exists {
		m.Data = next.value
	} else {
		m.Header.Set(operationHeader, "DEL")
	}
	_, err = e.js.PublishMsg(ctx, m, jetstream.WithExpectLastSequencePerSubject(found.Sequence), jetstream.WithRetryAttempts(0))
	return err
}
