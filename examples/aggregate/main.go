// Command aggregate lends a book: an aggregate of one's own, on a log on disk.
// Start reading at book.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
	"github.com/refold-dev/refold/eventstore/repository"
	"github.com/refold-dev/refold/eventstore/snapshot"
)

func main() {
	dir := filepath.Join(os.TempDir(), "refold-example-aggregate")
	if err := run(context.Background(), dir, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run opens the log in a folder, which is made if it is not there, and tells
// what becomes of some commands.
func run(ctx context.Context, dir string, out io.Writer) (err error) {
	server, err := embedded.Start(embedded.Options{Dir: filepath.Join(dir, "log")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	log, err := jetstream.Open(ctx, jetstream.Config{URL: server.URL(), Token: server.Token(), Prefix: "library"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	definition, err := books()
	if err != nil {
		return err
	}
	shelf := repository.New(log, definition, repository.Options{Snapshots: snapshot.At(filepath.Join(dir, "snapshots"))})
	id := uuid.NewSHA1(uuid.NameSpaceURL, []byte("urn:isbn:9780262510875"))
	for _, body := range []any{lend{"ada"}, lend{"zoe"}, takeBack{}, takeBack{}, lend{"zoe"}} {
		in, err := shelf.Execute(ctx, id, stamp(id, body))
		if err != nil {
			fmt.Fprintf(out, "%T is refused: %v\n", body, err)
			continue
		}
		fmt.Fprintf(out, "%T: version %d, reader %q\n", body, in.Version, in.State.Reader)
	}
	return nil
}

// stamp gives a command the header that its event shall have.
func stamp(id uuid.UUID, body any) command {
	return command{Body: body, Header: aggregate.Header{
		EventID: uuid.Must(uuid.NewV7()), AggregateID: id, Time: time.Now(), CorrelationID: uuid.Must(uuid.NewV7()),
	}}
}
