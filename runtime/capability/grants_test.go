package capability

import (
	"errors"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/refold-dev/refold/sdk/manifest"
)

// TestNothingIsGranted: each function is refused, by name and with the line to add.
func TestNothingIsGranted(t *testing.T) {
	c := open(t, Grants{})
	for _, tt := range []struct {
		answer answer
		says   string
	}{
		{c.call("http", str("GET"), str("https://hooks.example.com/a?token=x")), "http: hooks.example.com is not granted; add `capabilities: {http: [hooks.example.com]}` to the executor"},
		{c.call("http", str("GET"), str("http://hooks.example.com:8080/")), "add `capabilities: {http: [\"http://hooks.example.com:8080\"]}`"},
		{c.call("sql_exec", str("ledger"), str("delete from a"), frame0), "add `capabilities: {sql: {ledger: {env: LEDGER_DSN}}}`"},
		{c.call("sql_query", str("le dger"), str("select 1")), "add `capabilities: {sql: {\"le dger\": {env: LE_DGER_DSN}}}`"},
		{c.call("nats_publish", str("alerts.low"), str("x")), "add `capabilities: {nats: {url: URL, subjects: [alerts.low]}}`"},
		{c.call("secret", str("chat-token")), "add `capabilities: {secrets: {chat-token: {env: CHAT_TOKEN}}}`"},
	} {
		c.refuse(tt.answer, codeDenied, tt.says)
		if strings.Contains(tt.answer.text, "token=x") {
			t.Errorf("the URL's query is told: %s", tt.answer.text)
		}
	}
	var denied *NotGrantedError
	if err := c.Refused(); !errors.As(err, &denied) || denied.Capability != manifest.HTTP || denied.Name != "hooks.example.com" {
		t.Errorf("the batch's first refusal is %v", err)
	}
	c.begin()
	if err := c.Refused(); err != nil {
		t.Errorf("the next batch has it, too: %v", err)
	}
}

// TestMissing: what a manifest wants is held to the grants, and the line that is
// told grants it.
func TestMissing(t *testing.T) {
	wants := []manifest.Want{
		{Capability: manifest.HTTP, Reason: "posts"}, {Capability: manifest.HTTP, Name: "hooks.example.com", Reason: "posts"},
		{Capability: manifest.SQL, Name: "ledger", Reason: "counts"}, {Capability: manifest.SQL, Reason: "counts"},
		{Capability: manifest.NATS, Name: "alerts.low", Reason: "alerts"}, {Capability: manifest.NATS, Reason: "alerts"},
		{Capability: manifest.Secrets, Name: "token", Reason: "authorizes"}, {Capability: manifest.Secrets, Reason: "authorizes"},
	}
	none := Grants{}
	missing := none.Missing(wants)
	if len(missing) != len(wants) {
		t.Fatalf("%d of %d wants are missing: %v", len(missing), len(wants), missing)
	}
	if got, want := missing[6].Error(), "secrets: token is not granted (authorizes); add `capabilities: {secrets: {token: {env: TOKEN}}}` to the executor"; got != want {
		t.Errorf("it says %s", got)
	}
	for _, m := range missing {
		var line struct{ Capabilities map[string]any }
		if err := yaml.Unmarshal([]byte(m.Line), &line); err != nil || line.Capabilities[string(m.Capability)] == nil {
			t.Errorf("%q is no YAML that grants %s: %v", m.Line, m.Capability, err)
		}
	}
	other := Grants{HTTP: []HTTPHost{mustParse(t, "http://hooks.example.com")}, SQL: map[string]Database{"orders": {}},
		NATS: NATS{Subjects: []string{"alerts.high"}}, Secrets: map[string]Source{"key": {}}}
	if missing := other.Missing(wants); len(missing) != 4 {
		t.Errorf("of others' names are missing %v", missing)
	}
	all := Grants{HTTP: []HTTPHost{mustParse(t, "hooks.example.com")}, SQL: map[string]Database{"ledger": {}},
		NATS: NATS{Subjects: []string{"alerts.*"}}, Secrets: map[string]Source{"token": {}}}
	if missing := all.Missing(wants); len(missing) > 0 {
		t.Errorf("of what is granted are missing %v", missing)
	}
}

func mustParse(t *testing.T, text string) HTTPHost {
	t.Helper()
	h, err := ParseHTTPHost(text)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestWrongRequests: whatever is passed is answered.
func TestWrongRequests(t *testing.T) {
	c := open(t, Grants{})
	c.refuse(c.raw("http", []byte("hello")), badRequest, "the request is wrong")
	c.refuse(c.raw("http", nil), badRequest, "the request is wrong")
	c.refuse(c.call("launch", str("x")), badRequest, "no such function")
	for _, function := range []string{"http", "sql_exec", "sql_query", "nats_publish", "secret"} {
		c.refuse(c.call(function), badRequest, function+": value 0 is no ")
		c.refuse(c.call(function, frame0), badRequest, function+": value 0 is no ")
		c.refuse(c.call(function, str("")), badRequest, function+": value 0 is no ")
	}
}
