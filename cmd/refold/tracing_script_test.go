package main

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
	otlp "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// receiver takes spans by OTLP over HTTP, as a collector does.
type receiver struct {
	mu    sync.Mutex
	lines []string // a span each
}

// receivers are those of all scripts, by URL.
var receivers sync.Map

// collector sets a variable to the URL of a new collector; one that hangs takes requests
// and never answers: collector NAME [hangs]
func collector(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 || len(args) > 2 {
		ts.Fatalf("usage: collector NAME [hangs]")
	}
	r, gone := &receiver{}, make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if len(args) == 2 {
			<-gone
			return
		}
		if err := r.take(request); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	}))
	ts.Defer(func() {
		close(gone)
		server.Close()
	})
	receivers.Store(server.URL, r)
	ts.Setenv(args[0], server.URL)
}

func (r *receiver) take(request *http.Request) error {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return err
	}
	var export otlp.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &export); err != nil || request.Method != http.MethodPost || request.URL.Path != "/v1/traces" {
		return fmt.Errorf("%s %s: %w", request.Method, request.URL, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, resource := range export.GetResourceSpans() {
		about := describe(resource.GetResource().GetAttributes())
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				r.lines = append(r.lines, line(span)+" "+about+" authorization="+request.Header.Get("Authorization"))
			}
		}
	}
	return nil
}

// line is a span: its name, trace and id, its parent, links and attributes.
func line(s *trace.Span) string {
	var links []string
	for _, l := range s.GetLinks() {
		links = append(links, hex.EncodeToString(l.GetTraceId())+"/"+hex.EncodeToString(l.GetSpanId()))
	}
	ordered := s.GetEndTimeUnixNano() >= s.GetStartTimeUnixNano() && s.GetStartTimeUnixNano() > 0
	return fmt.Sprintf("%s trace=%x span=%x parent=%x links=%s %s status=%d ordered=%v", s.GetName(), s.GetTraceId(), s.GetSpanId(), s.GetParentSpanId(),
		strings.Join(links, ","), describe(s.GetAttributes()), s.GetStatus().GetCode(), ordered)
}

// describe is attributes in the order of their names, as name=value.
func describe(attributes []*common.KeyValue) string {
	slices.SortFunc(attributes, func(a, b *common.KeyValue) int { return cmp.Compare(a.GetKey(), b.GetKey()) })
	var b bytes.Buffer
	for i, a := range attributes {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%s=%s", a.GetKey(), text(a.GetValue()))
	}
	return b.String()
}

func text(v *common.AnyValue) string {
	switch v := v.GetValue().(type) {
	case *common.AnyValue_StringValue:
		return v.StringValue
	case *common.AnyValue_IntValue:
		return fmt.Sprint(v.IntValue)
	case *common.AnyValue_BoolValue:
		return fmt.Sprint(v.BoolValue)
	case *common.AnyValue_ArrayValue:
		var list []string
		for _, one := range v.ArrayValue.GetValues() {
			list = append(list, text(one))
		}
		return "[" + strings.Join(list, ",") + "]"
	}
	return fmt.Sprint(v)
}

// spans prints the spans that a collector has taken, one a line, in the order of their
// lines: spans URL
func spans(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: spans URL")
	}
	found, ok := receivers.Load(args[0])
	if !ok {
		ts.Fatalf("there is no collector at %s", args[0])
	}
	r := found.(*receiver)
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.Sort(r.lines)
	for _, line := range r.lines {
		fmt.Fprintln(ts.Stdout(), line)
	}
}
