package http_test

import (
	"errors"
	"strings"
	"testing"

	webhook "github.com/refold-dev/refold/plugins/http"
)

func TestConfigurations(t *testing.T) {
	header := func(name, value string) []webhook.Header { return []webhook.Header{{Name: name, Value: value}} }
	for _, c := range []struct {
		cfg         webhook.Config
		field, says string // nothing for what is sound
	}{
		{webhook.Config{URL: "https://example.com"}, "", ""},
		{webhook.Config{URL: "http://127.0.0.1:80/a?b"}, "", ""},
		{webhook.Config{URL: "http://[::1]/"}, "", ""},
		{webhook.Config{URL: "http://localhost"}, "", ""},
		{webhook.Config{URL: "http://example.com", Plaintext: true, Method: "PATCH"}, "", ""},
		{webhook.Config{URL: "https://example.com", Headers: header("X-Key", "a b~")}, "", ""},
		{webhook.Config{}, "url", "no URL"},
		{webhook.Config{URL: "example.com/hidden"}, "url", "no URL"},
		{webhook.Config{URL: "https://:443/hidden"}, "url", "no URL"},
		{webhook.Config{URL: "https://a b/hidden"}, "url", "no URL"},
		{webhook.Config{URL: "ftp://example.com/hidden"}, "url", "neither https nor http"},
		{webhook.Config{URL: "http://example.com/hidden"}, "url", "unencrypted"},
		{webhook.Config{URL: "http://127.0.0.1.example.com/hidden"}, "url", "unencrypted"},
		{webhook.Config{URL: "https://a:hidden@example.com"}, "url", "password"},
		{webhook.Config{URL: "https://example.com/#hidden"}, "url", "fragment"},
		{webhook.Config{URL: "https://example.com", Method: "GET"}, "method", "GET"},
		{webhook.Config{URL: "https://example.com", Headers: header("", "a")}, "headers", "letters"},
		{webhook.Config{URL: "https://example.com", Headers: header("A:b", "a")}, "headers", "letters"},
		{webhook.Config{URL: "https://example.com", Headers: header("idempotency-key", "a")}, "headers", "set by the executor"},
		{webhook.Config{URL: "https://example.com", Headers: header("A", "hidden\r\nB: c")}, "headers", "printable"},
		{webhook.Config{URL: "https://example.com", Headers: append(header("A", "b"), header("a", "b")...)}, "headers", "twice"},
	} {
		err := c.cfg.Validate()
		_, opened := webhook.New(c.cfg)
		var wrong *webhook.ConfigError
		switch {
		case c.field == "":
			if err != nil || opened != nil {
				t.Errorf("%+v: %v, %v", c.cfg, err, opened)
			}
		case !errors.As(err, &wrong) || wrong.Field != c.field || !strings.Contains(err.Error(), c.says) || opened == nil:
			t.Errorf("%+v: got error %v, want one about %s that says %q", c.cfg, err, c.field, c.says)
		case strings.Contains(err.Error()+wrong.Hint, "hidden"):
			t.Errorf("the error %v tells what may be secret", err)
		}
	}
}
