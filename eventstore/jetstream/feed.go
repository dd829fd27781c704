package jetstream

import (
	"bytes"
	"net"
	"sync"

	"github.com/nats-io/nats.go"
)

// feed is the connection that events are read over, made when it is first
// needed. It has the messages' headers left out, which nobody reads: an event
// is in its message's body and subject. To parse them would be the client's
// largest single cost.
type feed struct {
	mu   sync.Mutex
	nc   *nats.Conn
	link *link // ends the sessions when the connection is lost
}

// connection returns the feed's connection.
func (f *feed) connection(cfg Config) (*nats.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.nc != nil {
		return f.nc, nil
	}
	nc, err := connect(cfg, f.link, nats.Name("refold feed"), nats.SetCustomDialer(&bareDialer{net.Dialer{Timeout: connectTimeout}}))
	f.nc = nc
	return nc, err
}

func (f *feed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.nc != nil {
		f.nc.Close()
	}
}

// bareDialer makes connections over which the server sends messages without
// headers. A NATS client says when it connects whether it takes them; the
// library says yes if the server offers them, so the offer is taken out of the
// server's greeting. Where the greeting is not to be seen, since it comes over
// TLS or a web socket, headers come, and nothing else is different.
type bareDialer struct{ net.Dialer }

func (d *bareDialer) Dial(network, address string) (net.Conn, error) {
	c, err := d.Dialer.Dial(network, address)
	if err != nil {
		return nil, err
	}
	return &bareConn{Conn: c}, nil
}

type bareConn struct {
	net.Conn
	greeted bool
}

// Of the same length, and the same as if it were not there.
var (
	greeting     = []byte("INFO {")
	headersOffer = []byte(`"headers":true`)
	noOffer      = []byte(`"headers":null`)
)

func (c *bareConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && !c.greeted {
		c.greeted = true
		if i := bytes.Index(b[:n], headersOffer); i > 0 && bytes.HasPrefix(b, greeting) {
			copy(b[i:], noOffer)
		}
	}
	return n, err
}
