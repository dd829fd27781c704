package capability

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/refold-dev/refold/sdk/frame"
)

func TestSecrets(t *testing.T) {
	t.Setenv("CHAT_TOKEN", "s3cret-of-env")
	path := file(t, "key.txt", "s3cret\nof file\r\n")
	c := open(t, Grants{Secrets: map[string]Source{"token": {Env: "CHAT_TOKEN"}, "key": {File: path}}})
	if got := described(c.want(c.call("secret", str("token")))); got != "bytes:733363726574"+"2d6f662d656e76" {
		t.Errorf("the token is %s", got)
	}
	if got := bytesOf(c.want(c.call("secret", str("key")))[0]); got != "s3cret\nof file" {
		t.Errorf("the key is %q", got)
	}
	// It is read anew each time.
	if err := os.WriteFile(path, []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := bytesOf(c.want(c.call("secret", str("key")))[0]); got != "another" {
		t.Errorf("the key is %q", got)
	}
	if err := os.WriteFile(path, make([]byte, maxSecret+1), 0o600); err != nil {
		t.Fatal(err)
	}
	c.refuse(c.call("secret", str("key")), unavailable, "the secret key: ")
	for _, name := range []string{"CHAT_TOKEN", "Token", "token ", "../key.txt", path, "PATH"} {
		c.refuse(c.call("secret", str(name)), codeDenied, "is not granted")
	}
	if got, want := c.Redact("Bearer s3cret-of-env, or another"), "Bearer [secret token], or [secret key]"; got != want {
		t.Errorf("redacted it is %s", got)
	}
}

// TestRedaction: the longest secret goes first, short ones are left.
func TestRedaction(t *testing.T) {
	t.Setenv("A", "abcdef")
	t.Setenv("B", "abcdefghi")
	t.Setenv("C", "xyz")
	c := open(t, Grants{Secrets: map[string]Source{"a": {Env: "A"}, "b": {Env: "B"}, "c": {Env: "C"}}})
	if got, want := c.Redact("abcdef abcdefghi xyz abcde"), "[secret a] [secret b] xyz abcde"; got != want {
		t.Errorf("redacted it is %s", got)
	}
}

// TestMissingSources: what is granted and not there is told when it is opened, by
// name, and without what others hold.
func TestMissingSources(t *testing.T) {
	t.Setenv("EMPTY", "")
	missing := filepath.Join(t.TempDir(), "none")
	for says, g := range map[string]Grants{
		"the secret token: the environment variable EMPTY is empty or not set":                     {Secrets: map[string]Source{"token": {Env: "EMPTY"}}},
		"the secret token: open " + missing:                                                        {Secrets: map[string]Source{"token": {File: missing}}},
		"the secret token: the file is empty":                                                      {Secrets: map[string]Source{"token": {File: file(t, "empty", "\n")}}},
		"sql: the connection ledger: the text: the environment variable EMPTY is empty or not set": {SQL: map[string]Database{"ledger": {Source: Source{Env: "EMPTY"}}}},
		"sql: the connection ledger has no file and no source":                                     {SQL: map[string]Database{"ledger": {}}},
		"nats: the token: open " + missing:                                                         {NATS: NATS{URL: "nats://127.0.0.1:1", Subjects: []string{"a"}, TokenFile: missing}},
		"nats: there are subjects and no url":                                                      {NATS: NATS{Subjects: []string{"a"}}},
	} {
		_, err := Open(g)
		if err == nil || !strings.HasPrefix(err.Error(), says) {
			t.Errorf("error %v, want %s", err, says)
		}
		var source *MissingError
		if strings.Contains(says, "token: ") && !errors.As(err, &source) {
			t.Errorf("error %v is of type %T", err, err)
		}
	}
	t.Setenv("DSN", "postgres://user:p4ssword@:::/")
	_, err := Open(Grants{SQL: map[string]Database{"ledger": {Source: Source{Env: "DSN"}}}})
	if err == nil || strings.Contains(err.Error(), "p4ssword") || !strings.Contains(err.Error(), "neither a PostgreSQL URL") {
		t.Errorf("a wrong URL: %v", err)
	}
}

// FuzzCall passes whatever bytes to each function: an answer that is a message, and
// nothing that was not granted.
func FuzzCall(f *testing.F) {
	for i, values := range [][]frame.Slot{
		{str("GET"), str("https://hooks.example.com/")}, {str("db"), str("select 1"), frame0}, {str("db"), str("select ?"), frame.IntSlot(7)},
		{str("alerts.low"), str("x"), str("a"), str("b")}, {str("token")},
	} {
		f.Add(i, frame.AppendMessage(nil, values...))
	}
	path := filepath.Join(f.TempDir(), "fuzz.db")
	functions := []string{"http", "sql_exec", "sql_query", "nats_publish", "secret"}
	f.Fuzz(func(t *testing.T, function int, request []byte) {
		if strings.Contains(string(request), "RECURSIVE") {
			t.Skip()
		}
		c := open(t, Grants{SQL: map[string]Database{"db": {SQLite: path}}})
		a := c.raw(functions[uint(function)%5], request)
		if name := functions[uint(function)%5]; a.code == ok && !strings.HasPrefix(name, "sql_") {
			t.Fatalf("%s is done", name)
		}
	})
}
