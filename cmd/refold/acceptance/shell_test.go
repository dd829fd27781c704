//go:build acceptance

package acceptance

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// longest is what a line may take; that which builds for five platforms takes ten on two idle cores.
const longest = 40 * time.Minute

// shell runs lines as somebody does who types them, on this machine or in another one.
type shell struct {
	t     *testing.T
	enter []string // the command by which lines come into the other machine
	dir   string
	env   []string // beside the test's
}

func (s *shell) command(ctx context.Context, line string) *exec.Cmd {
	args := append(append([]string{}, s.enter...), "sh", "-c", `cd "$1" && eval "$2"`, "sh", s.dir, line)
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	c.Env = append(os.Environ(), s.env...)
	c.WaitDelay = 10 * time.Second
	return c
}

// try runs a line, and returns what it prints to either stream.
func (s *shell) try(line string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	out, err := s.command(ctx, line).CombinedOutput()
	return string(out), err
}

// run runs a line that has to succeed.
func (s *shell) run(line string) string {
	s.t.Helper()
	out, err := s.try(line)
	if err != nil {
		s.t.Fatalf("$ %s\n%s%v", line, out, err)
	}
	s.t.Logf("$ %s\n%s", line, out)
	return out
}

// prints runs a line that has to succeed and to print what fits.
func (s *shell) prints(line, want string) {
	s.t.Helper()
	if !regexp.MustCompile(want).MatchString(s.run(line)) {
		s.t.Fatalf("which is nothing that fits %s", want)
	}
}

// refused runs a line that has to fail, and to say why.
func (s *shell) refused(line, why string) string {
	s.t.Helper()
	out, err := s.try(line)
	if err == nil || !regexp.MustCompile(why).MatchString(out) {
		s.t.Fatalf("$ %s\n%s%v, want a refusal that fits %s", line, out, err, why)
	}
	s.t.Logf("$ %s\n%s%v", line, out, err)
	return out
}

// eventually runs a line again and again until it prints what fits.
func (s *shell) eventually(line, want string) {
	s.t.Helper()
	pattern := regexp.MustCompile(want)
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		out, err := s.try(line)
		if err == nil && pattern.MatchString(out) {
			s.t.Logf("$ %s\n%s", line, out)
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("$ %s\n%s%v: nothing that fits %s within a minute", line, out, err, want)
		}
	}
}

// follow runs a line that goes on without end, until it prints what contains the words.
func (s *shell) follow(line, want string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := s.command(ctx, line)
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() {
		cancel()
		_ = c.Wait() // it was killed
	}()
	var seen strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		seen.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), want) {
			s.t.Logf("$ %s\n%s", line, seen.String())
			return
		}
	}
	s.t.Fatalf("$ %s\n%snowhere says %q", line, seen.String(), want)
}
