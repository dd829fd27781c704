package main

import (
	"fmt"
	"io"
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
	resp, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%s", body)
	if code := fmt.Sprint(resp.StatusCode); code != args[0] {
		ts.Fatalf("the answer has code %s", code)
	}
}
