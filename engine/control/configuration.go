package control

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/refold-dev/refold/engine"
)

var configurationVerbs = []verb{
	{"configuration.show", "GET", "/v1/configuration", Read, "What the engine runs by, and what has become of the last try to take another configuration.", one(configuration)},
	{"configuration.reload", "POST", "/v1/reload", Operate, "Takes the configuration anew. A bad one changes nothing, and the error says why.", one(takeAnew)},
}

// Configured is how a running engine is brought what its configuration says.
type Configured interface {
	// Configuration is what the engine runs by.
	Configuration() Configuration
	// Reload takes the configuration anew; on an error nothing has changed.
	Reload(ctx context.Context) (engine.Reloaded, error)
}

// Configuration is what an engine runs by.
type Configuration struct {
	// Files are those that it was read from, and Digest is of what they, and the files
	// that they name, held when the engine took them, which was at Since.
	Files  []string  `json:"files"`
	Digest string    `json:"digest"`
	Since  time.Time `json:"since"`
	// LastReload is the last try to take another one; nil if there was none.
	LastReload *LastReload `json:"last_reload,omitempty"`
}

// LastReload is a try to take a configuration anew.
type LastReload struct {
	At time.Time `json:"at"`
	OK bool      `json:"ok"`
	// Error is why the engine goes on by the one before.
	Error string `json:"error,omitempty"`
	// Digest is of what was read.
	Digest string `json:"digest,omitempty"`
}

var errNotConfigured = errors.New("the engine was started without a configuration that could be taken anew")

func configuration(_ context.Context, about *asked, _ *nothing) (Configuration, error) {
	if about.configured == nil {
		return Configuration{}, errNotConfigured
	}
	return about.configured.Configuration(), nil
}

func takeAnew(ctx context.Context, about *asked, _ *nothing) (engine.Reloaded, error) {
	if about.configured == nil {
		return engine.Reloaded{}, errNotConfigured
	}
	return about.configured.Reload(ctx)
}

// Configuration returns what the engine runs by.
func (c *Client) Configuration(ctx context.Context) (now Configuration, err error) {
	return now, c.read(ctx, http.MethodGet, "/v1/configuration", nil, &now)
}

// Reload has the engine take its configuration anew.
func (c *Client) Reload(ctx context.Context) (done engine.Reloaded, err error) {
	return done, c.read(ctx, http.MethodPost, "/v1/reload", nil, &done)
}
