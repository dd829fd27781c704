package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// ask prints the answer to a request with the token that a file has, which must have a
// code: ask CODE FILE METHOD URL
func ask(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: ask CODE FILE METHOD URL")
	}
	r, err := http.NewRequest(args[2], args[3], nil)
	ts.Check(err)
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(ts.ReadFile(args[1])))
	answered(ts, args[0], r)
}

// certificate writes a certificate for 127.0.0.1 that has signed itself, and its key:
// certificate FOLDER
func certificate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: certificate FOLDER")
	}
	cert, key, err := selfSigned()
	ts.Check(err)
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o700))
	ts.Check(os.WriteFile(filepath.Join(dir, "tls.crt"), cert, 0o600))
	ts.Check(os.WriteFile(filepath.Join(dir, "tls.key"), key, 0o600))
}
