package capability

import (
	"strings"
	"testing"
	"time"

	"github.com/refold-dev/refold/plugins/postgres/postgrestest"
	"github.com/refold-dev/refold/sdk/frame"
)

// postgres opens a database of a real server, by a URL in a variable.
func postgres(t *testing.T, url string) *caller {
	t.Helper()
	t.Setenv("LEDGER_DSN", url)
	return open(t, Grants{SQL: map[string]Database{"ledger": {Source: Source{Env: "LEDGER_DSN"}}}})
}

func TestPostgres(t *testing.T) {
	url := postgrestest.Database(t)
	c := postgres(t, url)
	c.exec("create table mirror (a text, b boolean, c bigint, d double precision, e text, f bytea, g uuid, h timestamptz, i jsonb)")
	if n := c.exec("insert into mirror values ($1, $2, $3, $4, $5, $6, $7, $8, $9)", everyKind()...); n != 1 {
		t.Errorf("%d rows inserted", n)
	}
	const want = "i64:9 string:a string:b string:c string:d string:e string:f string:g string:h string:i null: bool:true i64:-9223372036854775808 " +
		"f64:3fe0000000000000 string:Größe'; drop table mirror; -- bytes:00ff string:00000000-0000-0000-0000-000000000001 time:1700000000000000000 "
	if got := c.rows("select * from mirror where c = $1", frame.IntSlot(-1<<63)); !strings.HasPrefix(got, want) || !strings.Contains(got, "\"a\": 1") && !strings.Contains(got, "7b2261223a20317d") {
		t.Errorf("the rows are\n%s\nwant\n%s", got, want)
	}
	if got := c.rows("select 1.25::numeric as n, '{1,2}'::int[] as l, 'infinity'::timestamptz as t, now() < now() as b"); !strings.HasPrefix(got, "i64:4 string:n string:l string:t string:b string:1.25 ") {
		t.Errorf("other types are %s", got)
	}
	if got := c.rows("insert into mirror (a) values ('x'), ('y') returning a"); got != "i64:1 string:a string:x string:y" {
		t.Errorf("returned %s", got)
	}
}

// TestPostgresStatements: a text is one statement, and a call one transaction.
func TestPostgresStatements(t *testing.T) {
	url := postgrestest.Database(t)
	c := postgres(t, url)
	c.exec("create table mirror (a text)")
	c.exec("insert into mirror values ('x')")
	for _, text := range []string{"select 1; delete from mirror", "select $q$;$q$; delete from mirror", `select E'\';'; delete from mirror`, "select 1 /* /* */ ; */; delete from mirror",
		"delete from mirror; commit", "insert into nowhere values (1)"} {
		for _, a := range []answer{c.call("sql_query", str("ledger"), str(text)), c.call("sql_exec", str("ledger"), str(text), frame0)} {
			c.refuse(a, codeRefused, "sql: ledger: ")
		}
	}
	c.refuse(c.call("sql_exec", str("ledger"), str("commit"), frame0), badRequest, "is the host's")
	c.refuse(c.call("sql_exec", str("ledger"), str("delete from mirror"), frame0, str("insert into nowhere values (1)"), frame0), codeRefused, "nowhere")
	if got := c.rows("select count(*) from mirror"); got != "i64:1 string:count i64:1" {
		t.Errorf("after statements that failed: %s", got)
	}
}

// TestPostgresTime: a statement that takes too long is cancelled, and the connection
// goes on, or another one does.
func TestPostgresTime(t *testing.T) {
	url := postgrestest.Database(t)
	c := postgres(t, url)
	c.rows("select 1")
	c.grants.Timeout = 100 * time.Millisecond
	c.begin()
	c.refuse(c.call("sql_query", str("ledger"), str("select pg_sleep(600)")), codeTimeout, "longer than")
	c.grants.Timeout = time.Minute
	c.begin()
	if got := c.rows("select 1 as n"); got != "i64:1 string:n i64:1" {
		t.Errorf("afterwards: %s", got)
	}
}

// TestPostgresAway: a server that is away passes; no password is told.
func TestPostgresAway(t *testing.T) {
	c := postgres(t, "postgres://user:p4ssword@127.0.0.1:1/ledger?connect_timeout=2")
	a := c.call("sql_exec", str("ledger"), str("select 1"), frame0)
	c.refuse(a, unavailable, "sql: ledger: ")
	if strings.Contains(a.text, "p4ssword") {
		t.Errorf("it says %s", a.text)
	}
	if got := c.Redact("by p4ssword"); got != "by [password of ledger]" {
		t.Errorf("the password is told: %s", got)
	}
}

// TestPostgresRestarts: after a restart of the server the connection is made anew.
func TestPostgresRestarts(t *testing.T) {
	server := postgrestest.Own(t)
	c := postgres(t, server.URL("postgres"))
	c.rows("select 1")
	if err := server.Restart(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	for tries := 0; ; tries++ {
		a := c.call("sql_query", str("ledger"), str("select 1 as n"))
		if a.code == ok {
			return
		}
		if c.refuse(a, unavailable, "sql: ledger: "); tries == 20 || t.Failed() {
			t.Fatal("the connection stays broken")
		}
	}
}
