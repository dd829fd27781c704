package main

import (
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	client "github.com/nats-io/nats.go"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/control"
	"github.com/refold-dev/refold/eventstore/jetstream"
)

// controlAPI is by what a running engine can be asked.
type controlAPI struct {
	url, token string          // of the address for the commands of this machine
	public     *control.Server // of the address that the configuration names; nil for none
	closers    []func() error
}

// serveControl serves the control API, about an engine and who watches and configures
// it: for the commands of this machine, at a free port and with a token that is new each
// time, and where the configuration says.
func (r *pipelineRun) serveControl(about control.Options) (api *controlAPI, err error) {
	api = &controlAPI{token: rand.Text()}
	defer func() {
		if err != nil {
			err = errors.Join(err, api.close())
		}
	}()
	own := control.Token{Name: "the data directory's token", Secret: api.token, May: []control.Right{control.Read, control.Operate}}
	c := &r.config.Control
	about.Events, about.Pprof, about.Logger, about.Version = r.session.archived, c.Pprof, r.parts.logger, thisBuild().Version
	o := about
	o.Tokens = []control.Token{own}
	private, err := control.Listen(o)
	if err != nil {
		return api, fmt.Errorf("opening the control API: %w", err)
	}
	api.url = private.URL()
	api.closers = append(api.closers, private.Close)
	if c.Listen != "" {
		if api.public, err = r.listenControl(about, own); err != nil {
			return api, err
		}
		api.closers = append(api.closers, api.public.Close)
		r.parts.logger.Info("the control API is served", "url", api.public.URL())
	}
	end, err := r.serveNATS(about)
	if err != nil {
		return api, err
	}
	api.closers = append(api.closers, func() error { end(); return nil })
	return api, nil
}

// listenControl serves the address that the configuration names.
func (r *pipelineRun) listenControl(o control.Options, own control.Token) (*control.Server, error) {
	c := &r.config.Control
	o.Address = c.Listen
	tokens, errs := controlTokens(c)
	if len(errs) > 0 {
		return nil, errs
	}
	o.Tokens = tokens
	at := "listen"
	if c.TLS != nil {
		at = "tls"
		o.TLS = tlsOf(c.TLS)
	}
	if len(o.Tokens) == 0 && (c.TLS == nil || c.TLS.ClientCA == "") {
		o.Tokens = []control.Token{own}
	}
	server, err := control.Listen(o)
	var network *net.OpError
	if errors.As(err, &network) {
		at = "listen"
	}
	if err != nil {
		return nil, placed(fmt.Errorf("opening the control API: %w", err), c.Where(at))
	}
	return server, nil
}

func tlsOf(c *config.ControlTLS) *control.TLS {
	t := &control.TLS{Cert: c.Cert, Key: c.Key, ClientCA: c.ClientCA, ClientMay: rightsOf(c.ClientMay)}
	if len(t.ClientMay) == 0 {
		t.ClientMay = []control.Right{control.Read, control.Operate}
	}
	return t
}

// controlTokens are those that are declared, read from their files.
func controlTokens(c *config.Control) (tokens []control.Token, errs config.Errors) {
	of := map[string]string{}
	for i := range c.Tokens {
		t := &c.Tokens[i]
		text, err := keptText("", t.File, "the token "+t.Name, t.Where("file"))
		if err == nil {
			if err = control.CheckSecret(text); err != nil {
				err = fmt.Errorf("the token %s: %w", t.Name, err)
			}
		}
		if other, twice := of[text]; err == nil && twice {
			err = fmt.Errorf("the tokens %s and %s are the same", other, t.Name)
		}
		if err != nil {
			errs = append(errs, placed(err, t.Where("file")))
			continue
		}
		of[text] = t.Name
		tokens = append(tokens, control.Token{Name: t.Name, Secret: text, May: rightsOf(t.May)})
	}
	return tokens, errs
}

// controlFiles reads the tokens that are declared, and checks the certificates.
func controlFiles(c *config.Control) ([]control.Token, config.Errors) {
	tokens, errs := controlTokens(c)
	if c.TLS != nil {
		if err := tlsOf(c.TLS).Check(); err != nil {
			errs = append(errs, placed(err, c.Where("tls")))
		}
	}
	return tokens, errs
}

// checkFiles reads the files without which the engine of a valid configuration does not
// start: those of who may ask it, and of its login at the log's server. The errors have
// nothing of them.
func checkFiles(c *config.Config) (errs config.Errors) {
	_, errs = controlFiles(&c.Control)
	at := c.Store.Where
	for _, of := range []struct{ path, what, key string }{
		{c.Store.TokenFile, "token", "token_file"}, {c.Store.PasswordFile, "password", "password_file"},
		{c.Store.Credentials, "credentials", "credentials"}, {c.Store.CA, "authorities", "ca"},
	} {
		if _, err := loginSecret(of.path, of.what, at(of.key)); err != nil {
			errs = append(errs, placed(err, at(of.key)))
		}
	}
	if c.Store.Cert != "" {
		if _, err := tls.LoadX509KeyPair(c.Store.Cert, c.Store.Key); err != nil {
			errs = append(errs, placed(fmt.Errorf("the log's certificate of a client: %w", err), at("cert")))
		}
	}
	return c.Hide(errs)
}

func rightsOf(names []string) (list []control.Right) {
	for _, name := range names {
		list = append(list, control.Right(name))
	}
	return list
}

// admit has the address that the configuration names take tokens as their files have them
// now. Without any declared it goes on with what it takes instead.
func (api *controlAPI) admit(tokens []control.Token) {
	if api.public != nil && len(tokens) > 0 {
		api.public.Admit(tokens)
	}
}

// close ends it all, which is before the engine is closed.
func (api *controlAPI) close() error {
	var errs []error
	for _, end := range slices.Backward(api.closers) {
		errs = append(errs, end())
	}
	return errors.Join(errs...)
}

// serveNATS has requests answered on the log's server, where that is granted. It returns
// how that is ended, which is before the engine is closed.
func (r *pipelineRun) serveNATS(about control.Options) (end func(), err error) {
	subject := r.config.ControlSubject()
	if subject == "" {
		return func() {}, nil
	}
	s, err := control.Serve(control.ServiceOptions{
		Engine: about.Engine, Events: about.Events, Configured: about.Configured, Journal: about.Journal,
		Connect: func(opts ...client.Option) (*client.Conn, error) { return jetstream.Connect(r.session.server, opts...) },
		Subject: subject, Version: serviceVersion(), Logger: r.parts.logger,
	})
	if err != nil {
		return nil, placed(err, r.config.Control.Where("nats"))
	}
	r.parts.logger.Info("requests are taken by NATS", "subject", subject+".>")
	return s.Close, nil
}

// serviceVersion is the program's version in the form that services have; a build
// from a checkout may have none.
func serviceVersion() string {
	if version, isOne := strings.CutPrefix(thisBuild().Version, "v"); isOne {
		return version
	}
	return "0.0.0-devel"
}
