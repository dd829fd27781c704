package main

import (
	"fmt"
	"io"
	"net/http"

	"github.com/rogpeppe/go-internal/testscript"
)

// address sets a variable to an address of this machine that nobody listens on:
// address NAME
func address(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: address NAME")
	}
	ts.Setenv(args[0], freeAddress(ts))
}

// get prints the answer to a request, which must have a code: get CODE URL
func get(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: get CODE URL")
	}
	r, err := http.NewRequest(http.MethodGet, args[1], nil)
	ts.Check(err)
	answered(ts, args[0], r)
}

// answered prints the answer to a request, which must have a code.
func answered(ts *testscript.TestScript, code string, r *http.Request) {
	resp, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%s", body)
	if got := fmt.Sprint(resp.StatusCode); got != code {
		ts.Fatalf("the answer has code %s", got)
	}
}
