package main

import (
	"net/http"
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
