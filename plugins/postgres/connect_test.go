package postgres

import (
	"errors"
	"testing"
)

// A server that is not this machine has to show who it is, unless the URL says
// otherwise.
func TestServersElsewhereShowWhoTheyAre(t *testing.T) {
	for text, want := range map[string]struct{ verified, plain bool }{
		"postgres://u:p@db.example.com/d":                   {verified: true},
		"postgres://u:p@10.0.0.1:5433/d":                    {verified: true},
		"postgresql://u@localhost,db.example.com/d":         {verified: true},
		"postgres://u@/d?host=db.example.com":               {verified: true},
		"postgres://u@db.example.com/d?sslmode=disable":     {plain: true},
		"postgres://u@db.example.com/d?sslmode=require":     {},
		"postgres://u@db.example.com/d?sslmode=verify-full": {verified: true},
		"postgres://u@localhost/d":                          {plain: true},
		"postgres://u@127.0.0.1/d":                          {plain: true},
		"postgres://u@[::1]/d":                              {plain: true},
		"postgres://u@/d?host=/var/run/postgresql":          {plain: true},
	} {
		c, err := parseURL(text, "test")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		verified, plain := c.TLSConfig != nil && !c.TLSConfig.InsecureSkipVerify, c.TLSConfig == nil
		for _, f := range c.Fallbacks {
			verified = verified && f.TLSConfig != nil && !f.TLSConfig.InsecureSkipVerify
			plain = plain || f.TLSConfig == nil
		}
		if verified != want.verified || plain != want.plain {
			t.Errorf("%s: verified %v, without TLS %v, want %+v", text, verified, plain, want)
		}
	}
	t.Setenv("PGSSLMODE", "disable")
	if c, err := parseURL("postgres://u:p@db.example.com/d", "test"); err != nil || c.TLSConfig != nil {
		t.Errorf("PGSSLMODE does not count: %v", err)
	}
}

// FuzzParseURL holds that no error has a part of the URL.
func FuzzParseURL(f *testing.F) {
	f.Add("postgres://u:p@ss@host:1/d?sslmode=disable")
	f.Add("postgres://%zz")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := parseURL(text, "test"); err != nil && !errors.Is(err, ErrURL) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
