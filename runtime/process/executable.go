package process

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/process/internal/child"
)

// Command says how a plugin is started. Path is required.
type Command struct {
	// Path is the executable's absolute path. Its folder is the working directory.
	Path string
	Args []string
	// SHA256 pins the executable, in hex; empty takes it as it is.
	SHA256 string
	// Env names the environment variables that the plugin gets.
	Env []string
	// Timeout bounds each call; default 30 seconds.
	Timeout time.Duration
}

const defaultTimeout = 30 * time.Second

// Digest reads the digest of an executable, as a configuration pins it: 64 hex
// digits. It covers the file, and not what the file loads.
func Digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("reading the plugin's executable: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", fmt.Errorf("reading the plugin's executable: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// executable is a command whose file has been read.
type executable struct {
	host    *Host
	command Command
	name    string // for errors and logs: the manifest's, the file's before
	digest  string
	env     []string
	secrets map[string]string
}

func (h *Host) read(c Command) (*executable, error) {
	if !filepath.IsAbs(c.Path) {
		return nil, fmt.Errorf("the path %q of the plugin's executable is not absolute", c.Path)
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	x := &executable{host: h, command: c, name: filepath.Base(c.Path)}
	var err error
	if x.digest, err = Digest(c.Path); err != nil {
		return nil, err
	}
	if c.SHA256 != "" && x.digest != c.SHA256 {
		return nil, x.complain(runtime.WrongDigest, fmt.Sprintf("the executable %s has another digest than the pinned one: %s", c.Path, x.digest),
			"if you trust the executable as it is now, pin this digest")
	}
	return x, x.inherit(os.LookupEnv)
}

// inherited is what every process gets of the environment.
var inherited = []string{"PATH", "HOME", "TMPDIR"}

// inherit takes over the environment that the process is to have.
func (x *executable) inherit(lookup func(string) (string, bool)) error {
	for _, name := range inherited {
		if value, ok := lookup(name); ok {
			x.env = append(x.env, name+"="+value)
		}
	}
	x.secrets = map[string]string{}
	for _, name := range x.command.Env {
		value, ok := lookup(name)
		if !ok {
			return fmt.Errorf("plugin %s: the environment variable %s, which it is to have, is not set", x.name, name)
		}
		x.env = append(x.env, name+"="+value)
		x.secrets[name] = value
	}
	return nil
}

// warnUnpinned says that nobody holds the executable to a digest.
func (x *executable) warnUnpinned(ctx context.Context) {
	if x.command.SHA256 == "" {
		x.logger().WarnContext(ctx, "the executable is not pinned: whoever can change it runs code as this engine", "sha256", x.digest)
	}
}

func (x *executable) logger() *slog.Logger { return x.host.options.Logger.With("plugin", x.name) }

// start starts a process, if the executable is still the one that was loaded.
func (x *executable) start(ctx context.Context) (*child.Child, error) {
	digest, err := Digest(x.command.Path)
	if err != nil {
		return nil, err
	}
	if digest != x.digest {
		return nil, x.complain(runtime.WrongDigest, "the executable "+x.command.Path+" has changed since it was loaded",
			"start the engine again: the read model is then built with it")
	}
	return child.Start(ctx, child.Spec{
		Name: x.name, Path: x.command.Path, Dir: filepath.Dir(x.command.Path), Args: x.command.Args,
		Env: x.env, Secrets: x.secrets,
		StartTimeout: x.host.options.StartTimeout, Health: x.host.options.Health, Logger: x.logger(),
	})
}

func (x *executable) complain(code runtime.Code, reason, hint string) *runtime.GuestError {
	return &runtime.GuestError{Code: code, Plugin: x.name, Event: runtime.NoEvent, Reason: reason, Hint: hint}
}

// hasCode reports whether an error is a guest's with one of the codes.
func hasCode(err error, codes ...runtime.Code) bool {
	var fault *runtime.GuestError
	if !errors.As(err, &fault) {
		return false
	}
	for _, code := range codes {
		if fault.Code == code {
			return true
		}
	}
	return false
}

// isLost reports whether an error ends a process, and no more than that.
func isLost(err error) bool { return hasCode(err, runtime.Crashed, runtime.Hung) }

// maxReason bounds what a process may say in an error, in bytes.
const maxReason = 4 << 10

// oneLine makes a process's words fit an error.
func oneLine(s string) string {
	if len(s) > maxReason {
		s = s[:maxReason]
	}
	return strings.Join(strings.Fields(strings.ToValidUTF8(s, "�")), " ")
}
