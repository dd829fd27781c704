package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nats.go/micro"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/refold-dev/refold/engine/datadir"
)

// natsStream makes a stream, or prints what is in it, a subject and a body a line:
// nats_stream make|read|delete SERVER STREAM [SUBJECTS]. SERVER is a URL, or the data
// directory of an engine that runs.
func natsStream(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: nats_stream make|read|delete SERVER STREAM [SUBJECTS]")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	js := jetstreamAt(ts, args[1])
	defer js.Conn().Close()
	switch args[0] {
	case "make":
		_, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: args[2], Subjects: args[3:]})
		ts.Check(err)
	case "delete":
		ts.Check(js.DeleteStream(ctx, args[2]))
	case "read":
		stream, err := js.Stream(ctx, args[2])
		ts.Check(err)
		for seq := uint64(1); seq <= stream.CachedInfo().State.LastSeq; seq++ {
			m, err := stream.GetMsg(ctx, seq)
			ts.Check(err)
			fmt.Fprintln(ts.Stdout(), m.Subject, m.Header.Get("Kind"), string(m.Data))
		}
	default:
		ts.Fatalf("usage: nats_stream make|read|delete SERVER STREAM [SUBJECTS]")
	}
}

// natsBucket prints how many entries a bucket has, and these in the order of their
// keys: nats_bucket SERVER BUCKET
func natsBucket(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: nats_bucket SERVER BUCKET")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	js := jetstreamAt(ts, args[0])
	defer js.Conn().Close()
	kv, err := js.KeyValue(ctx, args[1])
	ts.Check(err)
	lister, err := kv.ListKeys(ctx)
	ts.Check(err)
	var keys []string
	for key := range lister.Keys() {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	fmt.Fprintln(ts.Stdout(), len(keys), "entries")
	for _, key := range keys {
		entry, err := kv.Get(ctx, key)
		ts.Check(err)
		fmt.Fprintln(ts.Stdout(), key, string(entry.Value()))
	}
}

// natsAsk sends a request, and prints the code of an error and the answer:
// nats_ask SERVER SUBJECT [BODY]. With ! nobody may be there to answer.
func natsAsk(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 && len(args) != 3 {
		ts.Fatalf("usage: nats_ask SERVER SUBJECT [BODY]")
	}
	nc := jetstreamAt(ts, args[0]).Conn()
	defer nc.Close()
	answer, err := nc.Request(args[1], []byte(strings.Join(args[2:], "")), 30*time.Second)
	if neg {
		if !errors.Is(err, nats.ErrNoResponders) {
			ts.Fatalf("somebody answers, or: %v", err)
		}
		return
	}
	ts.Check(err)
	fmt.Fprintln(ts.Stdout(), answer.Header.Get(micro.ErrorCodeHeader), string(answer.Data))
}

// jetstreamAt connects to a URL, or to the log of an engine that has a data directory.
func jetstreamAt(ts *testscript.TestScript, where string) jetstream.JetStream {
	url, options := where, []nats.Option(nil)
	if text, err := os.ReadFile(filepath.Join(ts.MkAbs(where), "engine.json")); err == nil {
		var engine datadir.Endpoint
		ts.Check(json.Unmarshal(text, &engine))
		url, options = engine.LogURL, append(options, nats.Token(engine.LogToken))
	}
	nc, err := nats.Connect(url, options...)
	ts.Check(err)
	js, err := jetstream.New(nc)
	ts.Check(err)
	return js
}
