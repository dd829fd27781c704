package control_test

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/refold-dev/refold/engine/control"
)

// pipes is a listener in memory, so that a bubble's clock is that of its connections.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (*pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7461} }

// served is a server's end of a connection.
type served struct {
	net.Conn
	gone chan struct{}
	once sync.Once
}

func (c *served) Close() error {
	c.once.Do(func() { close(c.gone) })
	return c.Conn.Close()
}

// dial connects, and returns what is closed when the server has let go.
func (p *pipes) dial() (net.Conn, <-chan struct{}) {
	own, theirs := net.Pipe()
	c := &served{Conn: theirs, gone: make(chan struct{})}
	p.conns <- c
	return own, c.gone
}

// slow is how a client keeps a server waiting.
type slow struct {
	says  string        // at once
	drips string        // a byte a second, once and again
	mute  bool          // it takes no answer
	after time.Duration // the server lets go
	gets  string        // the answer's first line
}

// held are the clients that a server of the API has, by what they do.
var held = map[string]slow{
	"nothing at all":     {after: control.HeaderTimeout},
	"half a head":        {says: "GET /v1/openapi.json HTTP/1.1\r\nHost: 127", after: control.HeaderTimeout},
	"a head in drips":    {says: "GET /v1/openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ", drips: "x", after: control.HeaderTimeout},
	"no body":            {says: head("POST /v1/replays", token, 100), after: control.BodyTimeout, gets: "HTTP/1.1 408"},
	"a body in drips":    {says: head("POST /v1/replays", token, 100), drips: " ", after: control.BodyTimeout, gets: "HTTP/1.1 408"},
	"a probe's body":     {says: head("GET /healthz", token, 100), drips: " ", after: control.BodyTimeout, gets: "HTTP/1.1 408"},
	"a stranger's body":  {says: head("POST /v1/replays", "nobody's", 100), drips: " ", after: control.BodyTimeout, gets: "HTTP/1.1 401"},
	"a reader's body":    {says: head("POST /v1/replays", readToken, 100), after: control.BodyTimeout, gets: "HTTP/1.1 403"},
	"an answer not read": {says: head("GET /v1/openapi.json", token, 0), mute: true, after: control.WriteTimeout},
	"no more requests":   {says: head("GET /v1/openapi.json", token, 0), after: control.IdleTimeout, gets: "HTTP/1.1 200"},
}

func head(request, secret string, length int) string {
	text := request + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + secret + "\r\n"
	if length > 0 {
		text += "Content-Length: 100\r\n"
	}
	return text + "\r\n"
}

// Whatever a client keeps a server waiting for, it is let go in time, and the server has
// nothing left of it.
func TestSlowClients(t *testing.T) {
	for name, client := range held {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newPipes()
				s, err := control.ServeOn(l, control.Options{Tokens: tokens, Logger: slog.New(slog.DiscardHandler)})
				if err != nil {
					t.Fatal(err)
				}
				client.try(t, l)
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// A monitor, which asks for no token, is no more patient.
func TestSlowClientsOfAMonitor(t *testing.T) {
	for name, client := range map[string]slow{
		"nothing at all":     held["nothing at all"],
		"a head in drips":    held["a head in drips"],
		"a body in drips":    {says: head("GET /x", "", 100), drips: " ", after: control.BodyTimeout},
		"an answer not read": {says: head("GET /x", "", 0), mute: true, after: control.WriteTimeout},
		"no more requests":   {says: head("GET /x", "", 0), after: control.IdleTimeout, gets: "HTTP/1.1 200"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newPipes()
				m := control.MonitorOn(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.WriteString(w, strings.Repeat("x", 1<<20)) // an error is the point
				}), slog.New(slog.DiscardHandler))
				client.try(t, l)
				if err := m.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// A client that does not shake hands is let go as well.
func TestSlowHandshake(t *testing.T) {
	files := newAuthority(t).files(t, "127.0.0.1")
	synctest.Test(t, func(t *testing.T) {
		l := newPipes()
		s, err := control.ServeOn(l, control.Options{Tokens: tokens, TLS: files, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		slow{says: "\x16\x03", after: control.HeaderTimeout}.try(t, l)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// try is a client until the server lets go, and holds that to the bound. The bubble ends
// only if nothing is left of either.
func (c slow) try(t *testing.T, l *pipes) {
	t.Helper()
	conn, gone := l.dial()
	began, answer := time.Now(), make(chan string, 1)
	var talk sync.WaitGroup
	talk.Go(func() {
		if c.mute {
			answer <- ""
			return
		}
		r := bufio.NewReader(conn)
		line, _ := r.ReadString('\n') // none where the server says nothing
		answer <- line
		_, _ = io.Copy(io.Discard, r)
	})
	if _, err := io.WriteString(conn, c.says); err != nil {
		t.Errorf("the request is not taken: %v", err)
	}
	talk.Go(func() {
		for c.drips != "" {
			time.Sleep(time.Second)
			if _, err := io.WriteString(conn, c.drips); err != nil {
				return
			}
		}
	})
	<-gone
	if took := time.Since(began); took > c.after+time.Second {
		t.Errorf("the server lets go after %s, not %s", took, c.after)
	} else if took < c.after {
		t.Errorf("the server lets go after %s already, before %s", took, c.after)
	}
	_ = conn.Close()
	talk.Wait()
	if got := <-answer; !strings.HasPrefix(got, c.gets) {
		t.Errorf("the answer begins with %q, want %q", got, c.gets)
	}
}
