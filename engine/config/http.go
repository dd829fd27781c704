package config

import (
	"slices"
	"strings"
)

// HTTP posts effects to a URL.
type HTTP struct {
	At `yaml:"-" json:"-"`
	// URL is https, or http on this machine.
	URL Secret `yaml:"url" json:"url"`
	// Plaintext allows http to another machine.
	Plaintext bool `yaml:"plaintext" json:"plaintext,omitempty"`
	// Method is POST (the default), PUT or PATCH.
	Method  string        `yaml:"method" json:"method,omitempty"`
	Headers Named[Secret] `yaml:"headers" json:"headers,omitempty"`
	// Timeout bounds one request; 0 means the default.
	Timeout Duration `yaml:"timeout" json:"timeout,omitempty"`
	// Batch is how many effects a request may have, as a JSON array; 0 posts each as
	// an object of its own.
	Batch int `yaml:"batch" json:"batch,omitempty"`
	// CA is the path of a PEM file of the authorities that sign the server's
	// certificate, relative to the YAML file; absolute once loaded.
	CA string `yaml:"ca" json:"ca,omitempty"`
}

func (h *HTTP) paths() []*string {
	paths := []*string{&h.CA, &h.URL.File}
	for i := range h.Headers {
		paths = append(paths, &h.Headers[i].Value.File)
	}
	return paths
}

// maxHTTPBatch is the most that a request may have.
const maxHTTPBatch = 10_000

// secretHeaders are always secret: in the YAML they would come to be noted.
var secretHeaders = []string{"authorization", "proxy-authorization", "cookie"}

// http leaves the url to whoever posts to it: it may not be known yet.
func (r *rules) http(h *HTTP) {
	if !h.Sets("url") {
		r.fail(h.pos, "add `url: https://…`, or `url: {env: NAME}`", "the http executor has no url")
	} else {
		r.secret(&h.URL, "the url")
	}
	for i := range h.Headers {
		header := &h.Headers[i]
		r.secret(&header.Value, "header "+header.Name)
		if header.Value.Text != "" && slices.ContainsFunc(secretHeaders, func(name string) bool { return strings.EqualFold(name, header.Name) }) {
			r.fail(header.Pos, "write {env: NAME} or {file: PATH}, with `prefix: \"Bearer \"` if it has one", "header %s is a secret, which does not belong into this file", header.Name)
		}
	}
	if h.Sets("timeout") && h.Timeout <= 0 {
		r.fail(h.Where("timeout"), "leave it out for the default", "timeout must be longer than nothing")
	}
	if h.Sets("batch") && (h.Batch < 1 || h.Batch > maxHTTPBatch) {
		r.fail(h.Where("batch"), "leave it out to post each effect by itself", "batch must lie between 1 and %d", maxHTTPBatch)
	}
}
