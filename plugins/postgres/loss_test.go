package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/executortest"
	"github.com/refold-dev/refold/plugins/claim"
	"github.com/refold-dev/refold/plugins/postgres"
	"github.com/refold-dev/refold/plugins/postgres/postgrestest"
)

func TestServerCrashes(t *testing.T) {
	server := postgrestest.Own(t)
	cfg := postgres.Config{URL: server.URL("postgres"), Tables: ledgerTables()}
	outages := 6
	if testing.Short() {
		outages = 2
	}
	executortest.SurviveOutages(t, outages, storeOf(t, cfg), func() error { return server.Restart(t.Context(), true) })
}

// An administrator ends the connection, or what it does.
func TestConnectionsAreTerminated(t *testing.T) {
	cfg := ledgerConfig(t)
	admin := connect(t, cfg)
	for _, function := range []string{"pg_terminate_backend", "pg_cancel_backend"} {
		executortest.SurviveOutages(t, 20, storeOf(t, cfg), func() error {
			_, err := admin.Exec(context.WithoutCancel(t.Context()), `SELECT `+function+`(pid) FROM pg_stat_activity WHERE application_name = 'refold ledger'`)
			return err
		})
		mustExec(t, cfg, "DROP SCHEMA "+cfg.Schema+" CASCADE")
	}
}

// wire is a proxy before a server. On each connection it passes everything on, until
// a client sends what it watches for.
type wire struct {
	listener net.Listener
	server   string
	watched  []byte

	mu    sync.Mutex
	reach func(client, server net.Conn, message []byte) // what is done then; once
	conns sync.WaitGroup
}

// wireTo proxies a server's unix socket, and returns the URL to use in its place.
func wireTo(t *testing.T, to string, watched string) (*wire, string) {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	file := ".s.PGSQL." + q.Get("port")
	w := &wire{server: filepath.Join(q.Get("host"), file), watched: []byte(watched)}
	dir := t.TempDir()
	q.Set("host", dir)
	u.RawQuery = q.Encode()
	if w.listener, err = net.Listen("unix", filepath.Join(dir, file)); err != nil {
		t.Fatal(err)
	}
	go w.accept()
	t.Cleanup(func() {
		w.listener.Close()
		w.conns.Wait()
	})
	return w, u.String()
}

func (w *wire) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", w.server)
		if err != nil {
			client.Close()
			continue
		}
		w.conns.Go(func() {
			defer server.Close()
			w.forward(client, server)
		})
		w.conns.Go(func() {
			defer client.Close()
			buf := make([]byte, 1<<16)
			for {
				n, err := server.Read(buf)
				if err != nil {
					return
				}
				if _, err := client.Write(buf[:n]); err != nil {
					return
				}
			}
		})
	}
}

func (w *wire) forward(client, server net.Conn) {
	buf := make([]byte, 1<<16)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		if bytes.Contains(buf[:n], w.watched) {
			w.mu.Lock()
			reach := w.reach
			w.reach = nil
			w.mu.Unlock()
			if reach != nil {
				reach(client, server, bytes.Clone(buf[:n]))
				return
			}
		}
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
	}
}

func (w *wire) when(reach func(client, server net.Conn, message []byte)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reach = reach
}

func wantRetry(t *testing.T, err error) {
	t.Helper()
	var passes *effect.RetryError
	if !errors.As(err, &passes) {
		t.Fatalf("got error %v, want a RetryError", err)
	}
}

func row(p event.Position) effect.Effect { return insert(p, "accounts", `{"id":"a"}`) }

// A connection that is lost during the commit leaves it open what has become of it.
// The next call finds out.
func TestLostDuringCommit(t *testing.T) {
	for name, c := range map[string]struct {
		lose      func(client, server net.Conn, message []byte)
		committed bool
	}{
		"before the server has the word": {func(client, server net.Conn, _ []byte) {
			client.Close()
		}, false},
		"after the server has the word": {func(client, server net.Conn, message []byte) {
			client.Close()
			_, _ = server.Write(message)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := ledgerConfig(t)
			direct := cfg
			w, through := wireTo(t, cfg.URL, "COMMIT\x00")
			cfg.URL = through
			e := open(t, cfg, "ledger", 1)
			mustExecute(t, e, batch("ledger", 1, 0, 1, row(1)))
			w.when(c.lose)
			wantRetry(t, e.Execute(t.Context(), batch("ledger", 1, 1, 2, row(2))))
			before := column(t, direct, `SELECT xmin::text FROM accounts__g1`)
			mustExecute(t, e, batch("ledger", 1, 1, 2, row(2)))
			if p, _ := e.Position(); p != 2 {
				t.Errorf("the position is %d, want 2", p)
			}
			again := before[0] != column(t, direct, `SELECT xmin::text FROM accounts__g1`)[0]
			if again == c.committed {
				t.Errorf("the batch was committed: %v, written again: %v", c.committed, again)
			}
			mustExecute(t, e, batch("ledger", 1, 2, 3, row(3)))
		})
	}
}

// The connection is lost, but the server does not know yet, and has the commit still
// before it. The next call waits for that one to end.
func TestLostConnectionStillCommits(t *testing.T) {
	cfg := ledgerConfig(t)
	w, through := wireTo(t, cfg.URL, "COMMIT\x00")
	direct := cfg
	cfg.URL = through
	e := open(t, cfg, "ledger", 1)
	waiting := make(chan struct{})
	goOn := sync.OnceFunc(func() { close(waiting) })
	defer goOn()
	w.when(func(client, server net.Conn, message []byte) {
		client.Close()
		<-waiting
		_, _ = server.Write(message)
	})
	wantRetry(t, e.Execute(t.Context(), batch("ledger", 1, 0, 2, row(2))))
	again := make(chan error, 1)
	go func() { again <- e.Execute(context.WithoutCancel(t.Context()), batch("ledger", 1, 0, 2, row(2))) }()
	eventually(t, direct, `SELECT count(*)::text FROM pg_stat_activity WHERE application_name = 'refold ledger' AND wait_event_type = 'Lock'`, "1")
	goOn()
	if err := <-again; err != nil {
		t.Fatal(err)
	}
	if p, _ := e.Position(); p != 2 {
		t.Errorf("the position is %d, want 2", p)
	}
}

// A writer that has been replaced while its commit was on the way cannot write any
// more, though its connection stands.
func TestReplacedDuringBatch(t *testing.T) {
	cfg := ledgerConfig(t)
	w, through := wireTo(t, cfg.URL, "COMMIT\x00")
	slow := cfg
	slow.URL = through
	zombie := open(t, slow, "ledger", 1)
	waiting := make(chan struct{})
	goOn := sync.OnceFunc(func() { close(waiting) })
	defer goOn()
	w.when(func(client, server net.Conn, message []byte) {
		<-waiting
		_, _ = server.Write(message)
		w.forward(client, server)
	})
	wrote := make(chan error, 1)
	go func() { wrote <- zombie.Execute(context.WithoutCancel(t.Context()), batch("ledger", 1, 0, 2, row(2))) }()
	type opened struct {
		e   *postgres.Executor
		err error
	}
	next := make(chan opened, 1)
	eventually(t, cfg, `SELECT count(*)::text FROM pg_stat_activity WHERE state = 'idle in transaction' AND application_name = 'refold ledger'`, "1")
	go func() {
		e, err := postgres.Open(context.WithoutCancel(t.Context()), cfg, "ledger", 1)
		next <- opened{e, err}
	}()
	eventually(t, cfg, `SELECT count(*)::text FROM pg_stat_activity WHERE application_name = 'refold ledger' AND wait_event_type = 'Lock'`, "1")
	goOn()
	if err := <-wrote; err != nil {
		t.Errorf("the batch that was on its way: %v", err)
	}
	o := <-next
	if o.err != nil {
		t.Fatal(o.err)
	}
	defer o.e.Close()
	if p, _ := o.e.Position(); p != 2 {
		t.Errorf("the next one begins at %d, want 2", p)
	}
	wantFenced(t, zombie.Execute(t.Context(), batch("ledger", 1, 2, 3, row(3))))
	mustExecute(t, o.e, batch("ledger", 1, 2, 3, row(3)))
}

func wantFenced(t *testing.T, err error) {
	t.Helper()
	var fenced *claim.FencedError
	if !errors.As(err, &fenced) {
		t.Errorf("got error %v, want a FencedError", err)
	}
}

// eventually waits until a query answers with one value.
func eventually(t *testing.T, cfg postgres.Config, query, want string) {
	t.Helper()
	conn := connect(t, cfg)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		var got string
		if err := conn.QueryRow(context.WithoutCancel(t.Context()), query).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got == want {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s is %s, want %s", query, got, want)
		}
	}
}
