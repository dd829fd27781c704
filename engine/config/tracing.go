package config

import (
	"net/url"
	"strconv"

	"gopkg.in/yaml.v3"
)

// Tracing says where spans are exported to. The zero value exports none.
type Tracing struct {
	At `yaml:"-"`
	// OTLP is the URL of a collector that takes OTLP over HTTP, such as
	// http://127.0.0.1:4318.
	OTLP string `yaml:"otlp" json:"otlp,omitempty"`
	// Sample is the share of batches that are traced, from 0 to 1, beside those with an event
	// that was appended in a trace which is.
	Sample *Share `yaml:"sample" json:"sample,omitempty"`
	// Service is the engine's name in the traces.
	Service string `yaml:"service" json:"service,omitempty"`
	// Headers are sent with every request; each is kept elsewhere.
	Headers Named[Secret] `yaml:"headers" json:"headers,omitempty"`
	// CA is the path of a PEM file of the authorities that sign the collector's
	// certificate, relative to the YAML file; absolute once loaded.
	CA string `yaml:"ca" json:"ca,omitempty"`
}

// Share is a number from 0 to 1.
type Share float64

func (s *Share) decodeNode(d *decoder, n *yaml.Node) {
	part, err := strconv.ParseFloat(n.Value, 64)
	if n.Kind != yaml.ScalarNode || err != nil || !(part >= 0 && part <= 1) {
		d.fail(n, "0.01 is one in a hundred, 1 is all", "expected a number from 0 to 1, found %s", kindOf(n))
		return
	}
	*s = Share(part)
}

// Sampled is the share of batches that are traced.
func (t *Tracing) Sampled() float64 {
	if t.Sample == nil {
		return 1
	}
	return float64(*t.Sample)
}

func (t *Tracing) paths() []*string {
	paths := []*string{&t.CA}
	for i := range t.Headers {
		paths = append(paths, &t.Headers[i].Value.File)
	}
	return paths
}

func (r *rules) tracing(t *Tracing) {
	if t.pos.Line == 0 {
		return
	}
	switch u, err := url.Parse(t.OTLP); {
	case t.OTLP == "":
		r.fail(t.Where("otlp"), "add `otlp: http://127.0.0.1:4318`", "tracing says nowhere to export spans to")
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "":
		r.fail(t.Where("otlp"), "write http://HOST:4318, or https://HOST", "otlp is no URL that spans can be posted to")
	case u.User != nil:
		r.fail(t.Where("otlp"), "write it as a header: `headers: {Authorization: {file: PATH, prefix: \"Basic \"}}`", "otlp has a secret in it, which does not belong into this file")
	}
	for i := range t.Headers {
		header := &t.Headers[i]
		if header.Value.Text != "" {
			r.fail(header.Pos, "write {env: NAME} or {file: PATH}, with `prefix: \"Bearer \"` if it has one", "the text of header %s does not belong into this file", header.Name)
			continue
		}
		r.secret(&header.Value, "header "+header.Name)
	}
}
