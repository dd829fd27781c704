package http_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/refold-dev/refold/domain/effect"
	webhook "github.com/refold-dev/refold/plugins/http"
)

// hostile is a server that reads a request and then does as it likes with the
// connection, until that is closed.
func hostile(t testing.TB, answer func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if q, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				_, _ = io.Copy(io.Discard, q.Body) // the client may be gone
				answer(c)
			}
			c.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-served
	})
	return "http://" + l.Addr().String()
}

// always writes the same without end, slowly or not, until nobody reads it.
func always(first, rest string, pause time.Duration) func(net.Conn) {
	return func(c net.Conn) {
		_, err := io.WriteString(c, first)
		for ; err == nil; time.Sleep(pause) {
			_, err = io.WriteString(c, rest)
		}
	}
}

// once writes a text, and waits until the client has gone or, where it is told to,
// goes itself.
func once(text string, stay bool) func(net.Conn) {
	return func(c net.Conn) {
		if _, err := io.WriteString(c, text); err == nil && stay {
			_, _ = io.Copy(io.Discard, c)
		}
	}
}

func TestHostileServers(t *testing.T) {
	endless := strings.Repeat("x", 1<<16)
	for _, c := range []struct {
		name   string
		answer func(net.Conn)
		want   string
	}{
		{"takes it with a body without end", always("HTTP/1.1 200 OK\r\n\r\n", endless, 0), "taken"},
		{"takes it with a body that trickles", always("HTTP/1.1 200 OK\r\n\r\n", "x", time.Millisecond), "taken"},
		{"refuses it with a body without end", always("HTTP/1.1 400 No\r\n\r\n", endless, 0), "poison"},
		{"refuses it with a body that trickles", always("HTTP/1.1 503 No\r\n\r\n", "x", time.Millisecond), "passes"},
		{"headers without end", always("HTTP/1.1 200 OK\r\n", "A: "+endless+"\r\n", 0), "passes"},
		{"headers that trickle", always("HTTP/1.1 200 OK\r\n", "A: b\r\n", time.Millisecond), "passes"},
		{"interim answers without end", always("", "HTTP/1.1 103 Early Hints\r\n\r\n", 0), "passes"},
		{"no answer", once("", true), "passes"},
		{"hangs up", once("", false), "passes"},
		{"half a status", once("HTTP/1.1 20", false), "passes"},
		{"no HTTP", once("\x00\xff\r\n\r\n", false), "passes"},
		{"another protocol", once("220 mail.example.com ESMTP\r\n", false), "passes"},
		{"a length that is none", once("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", false), "passes"},
		{"two lengths", once("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", false), "passes"},
		{"taken, and less than its length", once("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx", false), "taken"},
		{"refused, and less than its length", once("HTTP/1.1 422 No\r\nContent-Length: 100\r\n\r\nx", false), "poison"},
		{"chunks that are none", once("HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", false), "passes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := open(t, webhook.Config{URL: hostile(t, c.answer), Timeout: 200 * time.Millisecond})
			err := e.Execute(t.Context(), rows(`{}`))
			if got := class(err); got != c.want {
				t.Errorf("%s, want %s: %v", got, c.want, err)
			}
			if err != nil && len(err.Error()) > 1000 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		})
	}
}

// FuzzAnswer: whatever a server sends, the effect counts as taken only if a status
// line says so, errors are short, and have nothing of the secret.
func FuzzAnswer(f *testing.F) {
	const secret = "t0ken"
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 400 t0ken\r\n\r\nt0ken", "HTTP/1.0 307 x\r\nLocation: //t0ken/\r\n\r\n",
		"HTTP/1.1 429 x\r\nRetry-After: t0ken\r\n\r\n", "t0ken", "HTTP/1.1 200 OK\r\nt0ken\r\n\r\n", "HTTP/1.1 100 x\r\n\r\nHTTP/1.1 204 x\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		url := hostile(t, func(c net.Conn) { _, _ = c.Write(answer) })
		e := open(t, webhook.Config{
			URL: url, Timeout: time.Second,
			Headers: []webhook.Header{{Name: "Authorization", Value: secret, Secret: secret}},
		})
		err := e.Execute(t.Context(), rows(`{"id":"a"}`))
		if err == nil {
			if !bytes.Contains(answer, []byte(" 2")) {
				t.Errorf("%q counts as taken", answer)
			}
			return
		}
		var partial *effect.PartialError
		if text := err.Error(); !errors.As(err, &partial) || len(text) > 1000 || strings.Contains(text, secret) {
			t.Errorf("%q gives the error %v", answer, err)
		}
	})
}
