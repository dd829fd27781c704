package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/time/rate"

	"github.com/refold-dev/refold/engine/config"
)

// tracerName is the instrumentation's, in spans.
const tracerName = "github.com/refold-dev/refold"

const (
	// exportTimeout bounds one request to a collector, and flushTimeout the wait for what
	// is left when a command ends.
	exportTimeout = 10 * time.Second
	flushTimeout  = 3 * time.Second
)

// traces are what spans are made by, and how that ends.
type traces struct {
	trace.Tracer
	end func()
}

// tracesOf are an engine's, as the YAML says; nil where it says none.
func tracesOf(ctx context.Context, spec *config.Tracing, logger *slog.Logger) (*traces, error) {
	if spec.OTLP == "" {
		return nil, nil
	}
	options, err := exporterOptions(spec)
	if err != nil {
		return nil, err
	}
	exporter, err := otlptracehttp.New(ctx, options...)
	if err != nil {
		return nil, placed(fmt.Errorf("exporting spans: %w", err), spec.Where("otlp"))
	}
	logger.Info("spans are exported", "url", spec.OTLP, "sample", spec.Sampled())
	return tracesTo(exporter, spec.Service, linkedOr{sdktrace.TraceIDRatioBased(spec.Sampled())}, logger), nil
}

// commandTraces are those of a command that appends: what is exported, and where to, is
// for the environment to say, as it is for every program that has OpenTelemetry. Without
// OTEL_EXPORTER_OTLP_ENDPOINT nothing is.
func commandTraces(ctx context.Context, logger *slog.Logger) (*traces, error) {
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" {
		return &traces{otel.Tracer(tracerName), func() {}}, nil
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("exporting spans: %w", err)
	}
	return tracesTo(exporter, os.Getenv("OTEL_SERVICE_NAME"), sdktrace.ParentBased(sdktrace.AlwaysSample()), logger), nil
}

// tracesTo exports spans in the background: what the collector does not take in time is
// dropped, and the log says so now and then.
func tracesTo(exporter sdktrace.SpanExporter, service string, sampler sdktrace.Sampler, logger *slog.Logger) *traces {
	otel.SetLogger(logr.FromSlogHandler(logger.Handler()))
	seldom := &rate.Sometimes{First: 1, Interval: time.Minute}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		seldom.Do(func() { logger.Warn("spans are not exported", "error", err) })
	}))
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithSampler(sampler), sdktrace.WithResource(resource.NewSchemaless(
		attribute.String("service.name", cmp.Or(service, "refold")), attribute.String("service.version", thisBuild().Version))))
	return &traces{provider.Tracer(tracerName), func() {
		ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			logger.Debug("the last spans are not exported", "error", err)
		}
	}}
}

func exporterOptions(spec *config.Tracing) ([]otlptracehttp.Option, error) {
	at, err := url.Parse(spec.OTLP)
	if err != nil {
		return nil, placed(err, spec.Where("otlp"))
	}
	if !strings.HasSuffix(at.Path, "/v1/traces") {
		at = at.JoinPath("v1", "traces")
	}
	headers := map[string]string{}
	for i := range spec.Headers {
		h := &spec.Headers[i]
		secret, err := readSecret(&h.Value, "header "+h.Name)
		if err != nil {
			return nil, err
		}
		headers[h.Name] = h.Value.Prefix + secret
	}
	options := []otlptracehttp.Option{otlptracehttp.WithEndpointURL(at.String()), otlptracehttp.WithHeaders(headers), otlptracehttp.WithTimeout(exportTimeout)}
	if spec.CA == "" {
		return options, nil
	}
	pem, err := os.ReadFile(spec.CA)
	roots := x509.NewCertPool()
	if err == nil && !roots.AppendCertsFromPEM(pem) {
		err = fmt.Errorf("%s has no certificate in PEM", spec.CA)
	}
	if err != nil {
		return nil, placed(fmt.Errorf("reading who signs the collector's certificate: %w", err), spec.Where("ca"))
	}
	return append(options, otlptracehttp.WithTLSClientConfig(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12})), nil
}

// linkedOr samples what belongs to a trace that is sampled, and of the rest what another
// sampler does.
type linkedOr struct{ rest sdktrace.Sampler }

func (s linkedOr) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	if parent := trace.SpanContextFromContext(p.ParentContext); parent.IsValid() {
		return decided(parent.IsSampled(), parent)
	}
	for _, link := range p.Links {
		if link.SpanContext.IsSampled() {
			return decided(true, trace.SpanContext{})
		}
	}
	return s.rest.ShouldSample(p)
}

func (s linkedOr) Description() string { return "LinkedOr{" + s.rest.Description() + "}" }

func decided(sampled bool, parent trace.SpanContext) sdktrace.SamplingResult {
	result := sdktrace.SamplingResult{Decision: sdktrace.Drop, Tracestate: parent.TraceState()}
	if sampled {
		result.Decision = sdktrace.RecordAndSample
	}
	return result
}

// callersTrace is the trace that whoever has started a command is in: TRACEPARENT, as W3C
// Trace Context has it.
func callersTrace(ctx context.Context) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": os.Getenv("TRACEPARENT"), "tracestate": os.Getenv("TRACESTATE")})
}
