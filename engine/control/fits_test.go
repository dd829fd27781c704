package control_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// TestMain holds every answer that a test gets against the OpenAPI document.
func TestMain(m *testing.M) {
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.json")
	if err == nil {
		err = doc.Validate(openapi3.NewLoader().Context)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the OpenAPI document:", err)
		os.Exit(1)
	}
	for _, s := range doc.Components.Schemas { // else whatever is added would fit
		s.Value.AdditionalProperties.Has = new(false)
	}
	h := &holder{doc: doc, next: http.DefaultTransport}
	http.DefaultTransport = h
	code := m.Run()
	for _, text := range h.unfit {
		fmt.Fprintln(os.Stderr, "not as in the OpenAPI document:", text)
		code = 1
	}
	os.Exit(code)
}

// holder is a transport that looks at what passes.
type holder struct {
	doc  *openapi3.T
	next http.RoundTripper

	mu    sync.Mutex
	unfit []string
}

func (h *holder) CloseIdleConnections() { h.next.(*http.Transport).CloseIdleConnections() }

func (h *holder) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := h.next.RoundTrip(r)
	if err != nil || !isHeld(r, resp) {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{err}))
	if err == nil {
		if err := h.fits(r, resp, body); err != nil {
			h.mu.Lock()
			h.unfit = append(h.unfit, fmt.Sprintf("%s %s: %d %s: %v", r.Method, r.URL, resp.StatusCode, body, err))
			h.mu.Unlock()
		}
	}
	return resp, nil
}

// isHeld leaves out streams, texts, and what a monitor says of what it does not have.
func isHeld(r *http.Request, resp *http.Response) bool {
	switch r.URL.Path {
	case "/healthz", "/readyz":
		return resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusServiceUnavailable
	}
	isMonitor := r.Header.Get("Authorization") == ""
	return !isMonitor && resp.Header.Get("Content-Type") != "text/event-stream" && strings.HasPrefix(r.URL.Path, "/v1/")
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err == nil {
		return 0, io.EOF
	}
	return 0, f.err
}

// fits holds an answer against the document. What no path of it is, is an error.
func (h *holder) fits(r *http.Request, resp *http.Response, body []byte) error {
	media := resp.Header.Get("Content-Type")
	schema := h.doc.Components.Schemas["Error"]
	op := h.operation(r)
	switch {
	case op == nil && resp.StatusCode < 400:
		return fmt.Errorf("there is no such operation")
	case op != nil && op.Responses.Status(resp.StatusCode) != nil:
		content := op.Responses.Status(resp.StatusCode).Value.Content.Get(media)
		if content == nil {
			return fmt.Errorf("it is %q", media)
		}
		schema = content.Schema
	case resp.StatusCode < 400 || media != "application/json":
		return fmt.Errorf("it is %q", media)
	}
	values := 0
	for dec := json.NewDecoder(bytes.NewReader(body)); ; values++ {
		var v any
		if err := dec.Decode(&v); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		if err := schema.Value.VisitJSON(v, openapi3.EnableJSONSchema2020()); err != nil {
			return err
		}
	}
	if values != 1 && media == "application/json" {
		return fmt.Errorf("it has %d values", values)
	}
	return nil
}

func (h *holder) operation(r *http.Request) *openapi3.Operation {
	for path, item := range h.doc.Paths.Map() {
		if like(path, r.URL.EscapedPath()) && item.GetOperation(r.Method) != nil {
			return item.GetOperation(r.Method)
		}
	}
	return nil
}

func like(template, path string) bool {
	a, b := strings.Split(template, "/"), strings.Split(path, "/")
	for i := range a {
		if i >= len(b) || a[i] != b[i] && !strings.HasPrefix(a[i], "{") {
			return false
		}
	}
	return len(a) == len(b)
}
