package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/control"
)

// server is what a command line says of an engine that is elsewhere.
type server struct{ url, tokenFile, caFile, certFile, keyFile string }

// serverFlags are those of server, with the variables that stand for them where they are
// not given.
var serverFlags = []struct {
	name, env, about string
	of               func(*server) *string
}{
	{"server", "REFOLD_SERVER", "ask the engine at this `URL`, such as https://host:7461, in the place of that of a data directory",
		func(s *server) *string { return &s.url }},
	{"token-file", "REFOLD_TOKEN_FILE", "the `file` with the token for --server, which $" + tokenEnv + " may have itself", func(s *server) *string { return &s.tokenFile }},
	{"ca-file", "REFOLD_CA_FILE", "the PEM `file` of the authorities that sign the certificate of --server, in the place of the system's",
		func(s *server) *string { return &s.caFile }},
	{"cert-file", "REFOLD_CERT_FILE", "the PEM `file` of the certificate that --server is shown", func(s *server) *string { return &s.certFile }},
	{"key-file", "REFOLD_KEY_FILE", "the PEM `file` of that certificate's key", func(s *server) *string { return &s.keyFile }},
}

// tokenEnv is the variable that may have the token itself. There is no flag for that:
// whoever is on a machine reads the arguments of its processes.
const tokenEnv = "REFOLD_TOKEN"

// dataEnv is the variable that stands for --data.
const dataEnv = "REFOLD_DATA"

// asks is what a command is about.
type asks int

const (
	aDirectory asks = iota // a data directory, and the engine that has it at most
	anEngine               // also one elsewhere
	nobody                 // neither
	group                  // it only holds other commands
)

// asking are the commands that are not about a data directory alone.
var asking = map[asks][]string{
	anEngine: {
		"status", "state", "pause", "resume", "reset", "reload", "verify",
		"replay", "replay list", "replay show", "replay pause", "replay resume", "replay cancel", "replay generations", "replay rollback", "replay drop",
		"dlq list", "dlq show", "dlq retry", "dlq drop", "event list", "event trace", "event verify", "resource show", "resource exists",
	},
	nobody: {
		"validate", "config schema", "plugin new", "plugin build", "plugin test", "plugin check", "plugin inspect", "sdk gen", "dev", "bench",
		"man", "version", "help", "completion bash", "completion zsh", "completion fish", "completion powershell",
		cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd,
	},
}

func asksOf(c *cobra.Command) asks {
	name := commandName(c)
	for what, names := range asking {
		if slices.Contains(names, name) {
			return what
		}
	}
	if c.HasSubCommands() {
		return group
	}
	return aDirectory
}

// commandName is as a command is called behind refold.
func commandName(c *cobra.Command) string { return strings.TrimPrefix(c.CommandPath(), "refold ") }

// chooseEngine has a command ask the engine, or work on the data directory, that flags or
// variables name. A data directory that is named by a flag counts before variables.
func (a *app) chooseEngine(cmd *cobra.Command) error {
	given := cmd.Flags().Changed
	if dir := os.Getenv(dataEnv); dir != "" && !given("data") {
		a.data = dir
	}
	if err := a.checkChoice(given, asksOf(cmd), commandName(cmd)); err != nil {
		return &usageError{err}
	}
	if !given("data") {
		for _, f := range serverFlags {
			if of := f.of(&a.server); !given(f.name) {
				*of = os.Getenv(f.env)
			}
		}
	}
	switch what := asksOf(cmd); {
	case a.server.url == "" || what == nobody || what == group:
		return nil
	case what == aDirectory:
		return &usageError{fmt.Errorf("REFOLD_SERVER is set, and `refold %s` works on a data directory: name that with --data", commandName(cmd))}
	}
	return a.connect(given("token-file"))
}

// checkChoice refuses flags that do not fit each other, or the command.
func (a *app) checkChoice(given func(string) bool, what asks, command string) error {
	switch {
	case given("data") && a.data == "":
		return errors.New("--data names no directory")
	case given("server") && a.server.url == "":
		return errors.New("--server names no URL")
	case given("server") && given("data"):
		return errors.New("--server and --data: say one of them, since an engine is asked at the one or found by the other")
	case given("server") && what == nobody:
		return fmt.Errorf("--server: `refold %s` asks no engine", command)
	case given("server") && what == aDirectory:
		return fmt.Errorf("--server: `refold %s` works on a data directory, on the machine where that is", command)
	}
	for _, f := range serverFlags[1:] {
		if given(f.name) && (given("data") || !given("server") && os.Getenv(serverFlags[0].env) == "") {
			return fmt.Errorf("--%s is about an engine that --server names", f.name)
		}
	}
	return nil
}

// connect reads what a request to the server carries. Nothing is asked yet.
func (a *app) connect(tokenFileGiven bool) error {
	s := &a.server
	token := os.Getenv(tokenEnv)
	switch {
	case (s.certFile == "") != (s.keyFile == ""):
		return &usageError{errors.New("--cert-file and --key-file: a certificate needs its key, and a key its certificate")}
	case token != "" && s.tokenFile != "" && !tokenFileGiven:
		return &usageError{fmt.Errorf("REFOLD_TOKEN_FILE and %s: set one of them", tokenEnv)}
	case s.tokenFile != "":
		var err error
		if token, err = keptText("", s.tokenFile, "the token for --server", config.Pos{}); err != nil {
			return err
		}
	}
	if err := control.CheckSecret(token); err != nil && token != "" {
		return fmt.Errorf("%s: %w", cmp.Or(s.tokenFile, tokenEnv), err)
	}
	client, err := control.NewRemote(control.Remote{URL: s.url, Token: token, CA: s.caFile, Cert: s.certFile, Key: s.keyFile})
	var wrong *control.URLError
	var plain *control.PlainError
	switch {
	case errors.As(err, &wrong):
		return &usageError{fmt.Errorf("--server: %w", err)}
	case errors.As(err, &plain):
		return &hinted{err, "give the engine's `control.listen` a certificate by `control.tls`, and ask it by https://; or have SSH lead a port of this machine there"}
	case err != nil:
		return err
	}
	a.remote = client
	return nil
}
