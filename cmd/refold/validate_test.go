package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestValidate runs `refold validate` on each configuration in testdata/validate: what
// is broken in in.yaml, or in the folder where there is none, and what is printed of it.
// Beside it lie modules: those of putModules. The environment has the variables of the
// file env.
func TestValidate(t *testing.T) {
	watchGuests(t)
	watchChat(t)
	cases, err := filepath.Glob("testdata/validate/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) < 40 {
		t.Errorf("there are %d broken configurations, and 40 are promised", len(cases))
	}
	for _, path := range cases {
		path, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) { testValidate(t, path) })
	}
}

// placedLine is a line that tells a mistake and its place.
var placedLine = regexp.MustCompile(`(?m)^refold: \S+\.ya?ml:[1-9][0-9]*:[1-9][0-9]*: \S`)

// ofTheCompiler is what differs with the compiler that has made the modules.
var ofTheCompiler = regexp.MustCompile(`(digest[a-z ]*: |starts with )[0-9a-f]+|(for an event in )[^()]*`)

func testValidate(t *testing.T, path string) {
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files, want, target := archive.Files[:0:0], "", "."
	for _, f := range archive.Files {
		switch f.Name {
		case "want":
			want = string(f.Data)
			continue
		case "in.yaml":
			target = f.Name
		case "env":
			for line := range strings.Lines(string(f.Data)) {
				name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
				t.Setenv(name, value)
			}
		}
		files = append(files, f)
	}
	if err := txtar.Write(&txtar.Archive{Files: files}, dir); err != nil {
		t.Fatal(err)
	}
	putModules(t, dir)
	t.Chdir(dir)
	var out, errs bytes.Buffer
	a := &app{in: strings.NewReader(""), out: &out, err: &errs}
	if code := a.execute(t.Context(), []string{"validate", target}); code != 1 || out.Len() > 0 {
		t.Errorf("it exits %d and says %s", code, &out)
	}
	got := strings.ReplaceAll(errs.String(), dir+string(filepath.Separator), "DIR/")
	got = ofTheCompiler.ReplaceAllString(got, "${1}${2}N")
	if *update {
		archive.Files = append(files, txtar.File{Name: "want", Data: []byte(got)})
		if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for line := range strings.Lines(got) {
		if strings.HasPrefix(line, "refold: ") && !placedLine.MatchString(line) && !strings.Contains(path, "folder_") {
			t.Errorf("a mistake has no place: %s", line)
		}
	}
}

// putModules has a folder hold guests/, chat/, bare.wasm, which is no plugin, and
// curious.wasm, which imports what no projection may.
func putModules(t *testing.T, dir string) {
	t.Helper()
	chat, err := chatModules()
	if err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"guests": os.Getenv(guestsEnv), "chat": chat} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	const empty = "\x00asm\x01\x00\x00\x00"
	for name, code := range map[string]string{
		"bare.wasm":    empty,
		"program":      "#!/bin/sh\n",
		"curious.wasm": empty + "\x01\x04\x01\x60\x00\x00" + "\x02\x0b\x01\x03env\x03now\x00\x00", // env.now: () -> ()
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(code), 0o700); err != nil {
			t.Fatal(err)
		}
	}
}

// The configurations to begin with are valid, with the modules that they name.
func TestShippedConfigurationsAreValid(t *testing.T) {
	watchGuests(t)
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "configs"), os.DirFS("../../configs")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "examples"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(os.Getenv(guestsEnv), filepath.Join(dir, "examples", "git-history")); err != nil {
		t.Fatal(err)
	}
	writeSecrets(t, filepath.Join(dir, "configs", "secrets"))
	paths, err := filepath.Glob(filepath.Join(dir, "configs", "*.yaml"))
	if err != nil || len(paths) < 6 {
		t.Fatalf("%d configurations, %v", len(paths), err)
	}
	for _, path := range paths {
		var out, errs bytes.Buffer
		a := &app{in: strings.NewReader(""), out: &out, err: &errs}
		if code := a.execute(t.Context(), []string{"validate", path}); code != 0 {
			t.Errorf("%s: exits %d\n%s", filepath.Base(path), code, &errs)
		}
	}
}

// writeSecrets writes the files that configs/production.yaml names, which an engine reads
// when it starts.
func writeSecrets(t *testing.T, dir string) {
	t.Helper()
	cert, key, err := selfSigned()
	if err := errors.Join(err, os.Mkdir(dir, 0o700)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"refold.creds": []byte("a login"), "nats-ca.pem": cert, "control.pem": cert, "control.key": key,
		"dashboard-token": []byte("a-token-that-may-read"), "ops-token": []byte("a-token-that-may-operate"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// selfSigned is a certificate for 127.0.0.1 and example.com, and its key, as PEM: those
// that httptest has.
func selfSigned() (cert, key []byte, err error) {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	own := server.TLS.Certificates[0]
	text, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Certificate[0]}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: text}), err
}
