package capability

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/manifest"
)

// Bounds of requests and answers, in bytes.
const (
	maxBody = 8 << 20
	maxURL  = 8 << 10
)

// httpClient sends requests to granted hosts.
type httpClient struct {
	hosts    []HTTPHost
	client   http.Client
	resolver *net.Resolver // nil for that of the system
}

func newHTTPClient(hosts []HTTPHost) *httpClient {
	c := &httpClient{hosts: hosts}
	c.client = http.Client{
		// A redirect may lead anywhere: the guest gets it as an answer.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  nil, // it would look up names where nobody checks the addresses
			DialContext:            c.dial,
			ForceAttemptHTTP2:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: maxHeaders,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        time.Minute,
		},
	}
	return c
}

func (c *httpClient) close() { c.client.CloseIdleConnections() }

// privateError is a name that leads to an address which is not public.
type privateError struct {
	host    string
	address netip.Addr
}

func (e *privateError) Error() string {
	return fmt.Sprintf("%s has the address %s, which is not public", e.host, e.address)
}

// dial connects to a granted host. An address is looked at when it is about to be
// used, so that a name server cannot change its mind meanwhile.
func (c *httpClient) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{KeepAlive: 30 * time.Second, Resolver: c.resolver}
	if !c.mayBePrivate(address) {
		d.ControlContext = func(_ context.Context, _, to string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(to)
			if err == nil && !isPublic(at.Addr()) {
				return &privateError{host, at.Addr()}
			}
			return err
		}
	}
	return d.DialContext(ctx, network, address)
}

// mayBePrivate reports whether a name and port, of whichever scheme, may lead to
// addresses that are not public.
func (c *httpClient) mayBePrivate(address string) bool {
	return slices.ContainsFunc(c.hosts, func(h HTTPHost) bool {
		return h.Private && net.JoinHostPort(h.Name, fmt.Sprint(h.Port)) == address
	})
}

var method = regexp.MustCompile(`^[A-Z]{1,32}$`)

// send sends a request. key names it, if the guest does not.
func (c *httpClient) send(ctx context.Context, r *reader, key func() (string, bool)) ([]frame.Slot, error) {
	request, host, err := c.request(ctx, r)
	if err != nil {
		return nil, err
	}
	if !isSafe(request.Method) && request.Header.Get("Idempotency-Key") == "" {
		if name, ok := key(); ok {
			request.Header.Set("Idempotency-Key", name)
		}
	}
	response, err := c.client.Do(request)
	if err != nil {
		return nil, httpFailure(request.Method, host, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, httpFailure(request.Method, host, err)
	case len(body) > maxBody:
		return nil, fail(tooLarge, "http: the body that %s answers has more than %d bytes", host, maxBody)
	}
	values := []frame.Slot{frame.IntSlot(int64(response.StatusCode)), frame.BytesSlot(frame.Bytes, body)}
	for _, name := range slices.Sorted(maps.Keys(response.Header)) {
		for _, value := range response.Header[name] {
			values = append(values, str(strings.ToLower(name)), str(value))
		}
	}
	return values, nil
}

func isSafe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// request reads a request and says where it goes.
func (c *httpClient) request(ctx context.Context, r *reader) (*http.Request, HTTPHost, error) {
	name, err := r.text("method")
	if err != nil {
		return nil, HTTPHost{}, err
	}
	if !method.MatchString(name) || name == http.MethodConnect || name == http.MethodTrace {
		return nil, HTTPHost{}, fail(badRequest, "http: %q is no method that can be sent", name)
	}
	text, err := r.text("URL")
	if err != nil {
		return nil, HTTPHost{}, err
	}
	u, host, err := c.target(text)
	if err != nil {
		return nil, HTTPHost{}, err
	}
	body, err := r.body()
	if err != nil {
		return nil, HTTPHost{}, err
	}
	if len(body) > maxBody {
		return nil, HTTPHost{}, fail(tooLarge, "http: the request's body has %d bytes, more than %d", len(body), maxBody)
	}
	request, err := http.NewRequestWithContext(ctx, name, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, HTTPHost{}, fail(badRequest, "http: the request cannot be sent")
	}
	if body == nil {
		request.Body, request.GetBody, request.ContentLength = http.NoBody, nil, 0
	}
	return request, host, setHeaders(request, r)
}

// target reads a URL and holds it to what is granted. Errors name its host at most.
func (c *httpClient) target(text string) (*url.URL, HTTPHost, error) {
	if len(text) > maxURL || !printable(text) {
		return nil, HTTPHost{}, fail(badRequest, "http: the URL is longer than %d bytes, or has characters that have to be encoded", maxURL)
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, HTTPHost{}, fail(badRequest, "http: the URL cannot be read")
	}
	host, err := hostOf(u)
	if err != nil {
		return nil, HTTPHost{}, fail(badRequest, "http: the URL is of no use: %w", err)
	}
	if !slices.ContainsFunc(c.hosts, host.same) {
		return nil, HTTPHost{}, notGranted(manifest.HTTP, host.String(), "")
	}
	// What was compared is what is asked: the host in its one form.
	u.Fragment, u.RawFragment = "", ""
	u.Host = net.JoinHostPort(host.Name, fmt.Sprint(host.Port))
	if host.Port == defaultPorts[host.Scheme] {
		u.Host = strings.TrimSuffix(u.Host, fmt.Sprintf(":%d", host.Port))
	}
	return u, host, nil
}

// kept are the headers that are the connection's own, and not the guest's.
var kept = []string{"Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Proxy-Connection",
	"Proxy-Authorization", "Proxy-Authenticate", "Te", "Trailer", "Upgrade", "Expect"}

func setHeaders(request *http.Request, r *reader) error {
	pairs, err := r.headers()
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "refold")
	for _, pair := range pairs {
		name := http.CanonicalHeaderKey(pair[0])
		if slices.Contains(kept, name) {
			return fail(badRequest, "http: the header %s is not the executor's to set", name)
		}
		if name == "User-Agent" {
			request.Header.Del(name)
		}
		request.Header.Add(name, pair[1])
	}
	return nil
}

// httpFailure says why there is no answer, without the URL, which may have a secret
// in it.
func httpFailure(method string, host HTTPHost, err error) error {
	var private *privateError
	if errors.As(err, &private) {
		denied := notGranted(manifest.HTTP, host.String(), private.Error())
		denied.Line = fmt.Sprintf("capabilities: {http: [{host: %s, private: true}]}", quoted(host.String()))
		return denied
	}
	var sent *url.Error
	if errors.As(err, &sent) {
		err = sent.Err
	}
	return fail(unavailable, "http: %s %s: %w", method, host, err)
}
