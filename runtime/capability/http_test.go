package capability

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/refold-dev/refold/sdk/frame"
)

// listening is a server that remembers what it was asked.
type listening struct {
	*httptest.Server
	mu    sync.Mutex
	asked []*http.Request
	body  []string
}

func serve(t *testing.T, handler http.HandlerFunc) *listening {
	t.Helper()
	s := &listening{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		s.mu.Lock()
		s.asked, s.body = append(s.asked, r), append(s.body, string(body))
		s.mu.Unlock()
		if handler != nil {
			handler(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// last is the last request.
func (s *listening) last() (*http.Request, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[len(s.asked)-1], s.body[len(s.body)-1]
}

func (s *listening) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

func TestRequest(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-B", "b")
		w.Header().Add("X-A", "1")
		w.Header().Add("X-A", "2")
		w.Header()["Date"] = nil
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "short\x00stout")
	})
	c := open(t, Grants{HTTP: []HTTPHost{mustParse(t, s.URL)}})
	values := c.want(c.call("http", str("POST"), str(s.URL+"/a%20b/../c?d=%2F&e#f"), str("hello"), str("content-type"), str("text/plain"), str("X-Many"), str("1"), str("x-many"), str("2")))
	if got := described(values); got != "i64:418 bytes:"+fmt.Sprintf("%x", "short\x00stout")+" string:content-length string:11 string:content-type string:application/octet-stream string:x-a string:1 string:x-a string:2 string:x-b string:b" {
		t.Errorf("the answer is %s", got)
	}
	r, body := s.last()
	if r.Method != "POST" || r.RequestURI != "/a%20b/../c?d=%2F&e" || body != "hello" || r.Header.Get("Content-Type") != "text/plain" ||
		strings.Join(r.Header["X-Many"], ",") != "1,2" || r.Header.Get("User-Agent") != "refold" || r.ContentLength != 5 {
		t.Errorf("asked %s %s %v: %s", r.Method, r.RequestURI, r.Header, body)
	}
	c.want(c.call("http", str("GET"), str(s.URL), frame.Slot{}, str("user-agent"), str("mine")))
	if r, _ := s.last(); r.Header.Get("User-Agent") != "mine" || r.Header["Content-Length"] != nil || r.RequestURI != "/" || r.Header.Get("Accept-Encoding") != "" {
		t.Errorf("asked %v", r.Header)
	}
}

// TestIdempotencyKey: a request that may do something has the effect's id, unless
// the executor gives another one.
func TestIdempotencyKey(t *testing.T) {
	s := serve(t, nil)
	c := open(t, Grants{HTTP: []HTTPHost{mustParse(t, s.URL)}})
	key := func(method string, headers ...frame.Slot) string {
		c.want(c.call("http", append([]frame.Slot{str(method), str(s.URL), str("x")}, headers...)...))
		r, _ := s.last()
		return r.Header.Get("Idempotency-Key")
	}
	const id = "00000000-0000-0000-0000-00000000000"
	got := []string{key("POST"), key("GET"), key("HEAD"), key("PUT", str("idempotency-key"), str("own")), key("DELETE")}
	c.effect = 2
	got = append(got, key("POST"))
	c.begin() // the effect comes again, with the ids that it had
	got = append(got, key("POST"), key("PATCH"))
	c.effect = -1
	got = append(got, key("POST"))
	if want := []string{id + "1", "", "", "own", id + "1-2", id + "3", id + "1", id + "1-2", ""}; strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the keys are\n%v, want\n%v", got, want)
	}
}

// TestEscapes: no way of writing a URL leads to a host that is not granted.
func TestEscapes(t *testing.T) {
	granted, other := serve(t, nil), serve(t, nil)
	host := strings.TrimPrefix(granted.URL, "http://")
	outside := strings.TrimPrefix(other.URL, "http://")
	c := open(t, Grants{HTTP: []HTTPHost{mustParse(t, granted.URL), mustParse(t, "hooks.example.com")}})
	for _, text := range []string{
		other.URL, "https://" + host, "http://localhost:" + host[strings.Index(host, ":")+1:],
		"http://" + host + "@" + outside, "http://" + host + "%2F@" + outside, "http://" + outside + "#@" + host, "http://" + outside + "?@" + host,
		"http://" + outside + "/@" + host, "http://" + outside + "\\@" + host, "http://" + outside + "%23@" + host,
		"http:/" + host, "http:" + host, "//" + host, host, "http:///" + host, "HTTP+UNIX://" + host, "ftp://" + host, "file:///etc/passwd",
		"http://" + host + ":80", "http://" + host + "x", "http://user:pass@" + host, "http://user@" + host,
		"http://127.1:80", "http://2130706433", "http://0x7f.0.0.1", "http://[::ffff:127.0.0.1%25lo]:80", "http://[::1%lo]",
		"https://hooks.example.com.", "https://hooks.example.com.:443", "https://hooks.example.com:444", "http://hooks.example.com",
		"https://HOOKS。example.com", "https://hooks.example.com\u200b", "https://hooks%2eexample%2ecom", "https://hooks.example.com%00.evil.example",
		"https://hooks.example.com\r\nHost: evil", "https://hooks.example.com /", "https://hooks.example.com\t", "", "http://", "https://:443", "https://hooks.example.com:",
		"https://hooks.example.com:443:443", "https://" + strings.Repeat("a", 9000),
	} {
		if a := c.call("http", str("GET"), frame.BytesSlot(frame.String, []byte(text)), frame.Slot{}); a.code != codeDenied && a.code != badRequest {
			t.Errorf("%q is answered with %d: %s", text, a.code, a.text)
		}
	}
	if n := granted.count() + other.count(); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// TestRedirects: a redirect is an answer, and leads nowhere by itself.
func TestRedirects(t *testing.T) {
	other := serve(t, nil)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/taken", http.StatusTemporaryRedirect)
	})
	c := open(t, Grants{HTTP: []HTTPHost{mustParse(t, s.URL)}})
	values := c.want(c.call("http", str("POST"), str(s.URL), str("secret"), str("authorization"), str("Bearer x")))
	if status, _ := values[0].Int64(); status != http.StatusTemporaryRedirect || !strings.Contains(described(values), "string:location string:"+other.URL+"/taken") {
		t.Errorf("the answer is %s", described(values))
	}
	if other.count() != 0 || s.count() != 1 {
		t.Errorf("%d requests went elsewhere", other.count())
	}
}

// TestHeaders: nothing smuggles a header, a request or a body in.
func TestHeaders(t *testing.T) {
	s := serve(t, nil)
	c := open(t, Grants{HTTP: []HTTPHost{mustParse(t, s.URL)}})
	ask := func(values ...frame.Slot) answer {
		return c.call("http", append([]frame.Slot{str("POST"), str(s.URL), str("x")}, values...)...)
	}
	for _, pair := range [][2]string{
		{"X-A", "a\r\nX-B: b"}, {"X-A", "a\nX-B: b"}, {"X-A", "a\rb"}, {"X-A", "a\x00"}, {"X-A", "\x7f"}, {"X-A\r\nX-B", "b"}, {"X A", "b"}, {"X-A:", "b"}, {"Ä", "b"},
		{"Host", "evil.example"}, {"host", "evil.example"}, {"Content-Length", "0"}, {"transfer-encoding", "chunked"}, {"Connection", "close"},
		{"Upgrade", "websocket"}, {"TE", "trailers"}, {"Trailer", "x"}, {"proxy-authorization", "x"}, {"Expect", "100-continue"},
	} {
		if a := ask(str(pair[0]), str(pair[1])); a.code != badRequest {
			t.Errorf("%q is answered with %d", pair, a.code)
		}
	}
	c.refuse(ask(str("X-A")), badRequest, "cannot be sent")
	c.refuse(ask(str("X-A"), frame0), badRequest, "cannot be sent")
	c.refuse(ask(frame0, str("a")), badRequest, "no header name")
	c.refuse(ask(str("X-A"), str(strings.Repeat("a", maxHeaders))), tooLarge, "headers")
	for _, method := range []string{"get", "CONNECT", "TRACE", "GET /", "GET\r\n", "G T", ""} {
		c.refuse(c.call("http", str(method), str(s.URL), str("x")), badRequest, "http: ")
	}
	c.refuse(c.call("http", str("POST"), str(s.URL), frame0), badRequest, "no body")
	if s.count() != 0 {
		t.Errorf("%d requests were sent", s.count())
	}
}

func TestSizes(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(make([]byte, maxBody))
		if r.URL.Path == "/more" {
			_, _ = w.Write([]byte{0})
		}
	})
	c := open(t, Grants{HTTP: []HTTPHost{mustParse(t, s.URL)}})
	if values := c.want(c.call("http", str("GET"), str(s.URL))); len(bytesOf(values[1])) != maxBody {
		t.Errorf("a body of %d bytes", len(bytesOf(values[1])))
	}
	c.refuse(c.call("http", str("GET"), str(s.URL+"/more")), tooLarge, "has more than")
	body := frame.BytesSlot(frame.Bytes, make([]byte, maxBody))
	c.want(c.call("http", str("PUT"), str(s.URL), body))
	n := s.count()
	c.refuse(c.call("http", str("PUT"), str(s.URL), frame.BytesSlot(frame.Bytes, make([]byte, maxBody+1))), tooLarge, "has 8388609 bytes")
	if s.count() != n {
		t.Error("a body that is too large is sent")
	}
}

// TestUnreachable: what fails is told without the URL's path and query.
func TestUnreachable(t *testing.T) {
	s := serve(t, nil)
	url := s.URL
	s.Close()
	c := open(t, Grants{HTTP: []HTTPHost{mustParse(t, url)}})
	a := c.call("http", str("POST"), str(url+"/services/s3cret?token=s3cret"), str("x"))
	c.refuse(a, unavailable, "http: POST "+url+": ")
	if strings.Contains(a.text, "s3cret") {
		t.Errorf("it says %s", a.text)
	}
}

// TestTime: the calls of an effect have a time together; another effect has its own.
func TestTime(t *testing.T) {
	released := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-released
		}
	})
	defer close(released)
	c := open(t, Grants{HTTP: []HTTPHost{mustParse(t, s.URL)}, Timeout: 50 * time.Millisecond})
	c.refuse(c.call("http", str("POST"), str(s.URL+"/slow")), codeTimeout, "longer than the effect's calls may")
	n := s.count()
	c.refuse(c.call("http", str("POST"), str(s.URL)), codeTimeout, "all that they may")
	c.refuse(c.call("secret", str("x")), codeTimeout, "all that they may")
	if s.count() != n {
		t.Error("a request is sent after the effect's time")
	}
	c.effect = 1
	c.grants.Timeout = time.Minute
	c.begin()
	c.want(c.call("http", str("POST"), str(s.URL)))
	if c.Wait(t.Context(), 0, time.Hour) || !c.Wait(t.Context(), 0, time.Nanosecond) {
		t.Error("an effect waits for longer than it may, or not at all")
	}
}

// TestPrivateNames: a name leads to public addresses only, unless it may be private;
// a name server that changes its mind gains nothing.
func TestPrivateNames(t *testing.T) {
	s := serve(t, nil)
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(s.URL, "http://"))
	names := newNameServer(t, map[string][]string{
		"inside.example.": {"127.0.0.1"}, "mixed.example.": {"127.0.0.1", "10.1.1.1"}, "meta.example.": {"169.254.169.254"}, "mine.example.": {"127.0.0.1"},
	})
	url := func(name string) string { return "http://" + name + ":" + port }
	mine := mustParse(t, url("mine.example"))
	mine.Private = true
	c := open(t, Grants{HTTP: []HTTPHost{mustParse(t, url("inside.example")), mustParse(t, url("mixed.example")), mustParse(t, url("meta.example")), mine}})
	c.http.resolver = names.resolver()
	for _, name := range []string{"inside.example", "mixed.example", "meta.example"} {
		c.refuse(c.call("http", str("GET"), str(url(name))), codeDenied, fmt.Sprintf("which is not public); add `capabilities: {http: [{host: %q, private: true}]}`", url(name)))
	}
	if s.count() != 0 {
		t.Errorf("%d requests were sent", s.count())
	}
	c.want(c.call("http", str("GET"), str(url("mine.example"))))
	if names.count() == 0 || s.count() != 1 {
		t.Errorf("%d names were asked for, %d requests sent", names.count(), s.count())
	}
}

// nameServer answers queries for addresses over UDP.
type nameServer struct {
	conn  net.PacketConn
	names map[string][]string
	mu    sync.Mutex
	asked int
}

func newNameServer(t *testing.T, names map[string][]string) *nameServer {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &nameServer{conn: conn, names: names}
	done := make(chan struct{})
	go func() {
		defer close(done)
		n.serve()
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
	return n
}

func (n *nameServer) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.asked
}

func (n *nameServer) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", n.conn.LocalAddr().String())
	}}
}

func (n *nameServer) serve() {
	query := make([]byte, 512)
	for {
		length, from, err := n.conn.ReadFrom(query)
		if err != nil {
			return
		}
		n.mu.Lock()
		n.asked++
		n.mu.Unlock()
		_, _ = n.conn.WriteTo(n.answer(query[:length]), from)
	}
}

// answer answers a question of type A; to others there is no answer.
func (n *nameServer) answer(query []byte) []byte {
	name, at := "", 12
	for query[at] != 0 {
		name += string(query[at+1:at+1+int(query[at])]) + "."
		at += 1 + int(query[at])
	}
	kind := binary.BigEndian.Uint16(query[at+1:])
	out := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, query[12:at+5]...)
	if kind != 1 {
		return out
	}
	for _, address := range n.names[name] {
		four := netip.MustParseAddr(address).As4()
		out = append(append(out, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4), four[:]...)
		out[7]++
	}
	return out
}

// TestNoProxy: the environment's proxies are not asked.
func TestNoProxy(t *testing.T) {
	proxy, s := serve(t, nil), serve(t, nil)
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	c := open(t, Grants{HTTP: []HTTPHost{mustParse(t, s.URL), mustParse(t, "http://nowhere.invalid")}})
	c.want(c.call("http", str("GET"), str(s.URL)))
	c.refuse(c.call("http", str("GET"), str("http://nowhere.invalid")), unavailable, "nowhere.invalid")
	if proxy.count() != 0 {
		t.Error("the proxy was asked")
	}
}
