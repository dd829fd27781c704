package capability

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/refold-dev/refold/sdk/frame"
)

// ledger opens a SQLite file with a table for values of each kind.
func ledger(t *testing.T) (c *caller, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "ledger.db")
	c = open(t, Grants{SQL: map[string]Database{"ledger": {SQLite: path}}})
	c.exec(`create table mirror (a, b boolean, c integer, d real, e text, f blob, g text, h text, i text)`)
	return c, path
}

// exec runs one statement that has to work.
func (c *caller) exec(text string, args ...frame.Slot) int64 {
	c.Helper()
	changed, _ := c.want(c.call("sql_exec", append([]frame.Slot{str("ledger"), str(text), frame.IntSlot(int64(len(args)))}, args...)...))[0].Int64()
	return changed
}

func (c *caller) rows(text string, args ...frame.Slot) string {
	c.Helper()
	return described(c.want(c.call("sql_query", append([]frame.Slot{str("ledger"), str(text)}, args...)...)))
}

// everyKind is a value of each kind.
func everyKind() []frame.Slot {
	id := [16]byte{15: 1}
	return []frame.Slot{{}, frame.BoolSlot(true), frame.IntSlot(-1 << 63), frame.FloatSlot(0.5), str("Größe'; drop table mirror; --"),
		frame.BytesSlot(frame.Bytes, []byte{0, 0xff}), frame.BytesSlot(frame.UUID, id[:]), frame.TimeSlot(1_700_000_000_000_000_001), frame.BytesSlot(frame.JSON, []byte(`{"a":1}`))}
}

func TestSQLite(t *testing.T) {
	c, path := ledger(t)
	if n := c.exec("insert into mirror values (?, ?, ?, ?, ?, ?, ?, ?, ?)", everyKind()...); n != 1 {
		t.Errorf("%d rows inserted", n)
	}
	const row = "null: i64:1 i64:-9223372036854775808 f64:3fe0000000000000 string:Größe'; drop table mirror; -- bytes:00ff " +
		"string:00000000-0000-0000-0000-000000000001 string:2023-11-14T22:13:20.000000001Z string:{\"a\":1}"
	const names = "i64:9 string:a string:b string:c string:d string:e string:f string:g string:h string:i"
	if got := c.rows("select * from mirror where c = ?", frame.IntSlot(-1<<63)); got != names+" "+row {
		t.Errorf("the rows are\n%s\nwant\n%s", got, names+" "+row)
	}
	if got := c.rows("select a from mirror where 1 = 0"); got != "i64:1 string:a" {
		t.Errorf("no rows are %s", got)
	}
	if got := c.rows("insert into mirror (a) values ('x'), ('y') returning a"); got != "i64:1 string:a string:x string:y" {
		t.Errorf("returned %s", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info, err)
	}
}

// TestTransaction: statements of one call happen together or not at all.
func TestTransaction(t *testing.T) {
	c, _ := ledger(t)
	values := c.want(c.call("sql_exec", str("ledger"), str("insert into mirror (a) values (?), (?)"), frame.IntSlot(2), str("x"), str("y"),
		str("update mirror set c = 7"), frame0, str("delete from mirror where a = ?"), frame.IntSlot(1), str("z")))
	if got := described(values); got != "i64:2 i64:2 i64:0" {
		t.Errorf("changed %s", got)
	}
	c.refuse(c.call("sql_exec", str("ledger"), str("delete from mirror"), frame0, str("insert into nowhere values (1)"), frame0), codeRefused, "sql: ledger: ")
	if got := c.rows("select count(*) from mirror"); got != "i64:1 string:count(*) i64:2" {
		t.Errorf("after a statement that failed: %s", got)
	}
	for _, text := range []string{"commit", "COMMIT;", " /* a */ -- b\n Rollback", "begin", "end", "savepoint a", "release a", "; ;commit", "\ufeffbegin", "(begin)", "prepare transaction 'a'"} {
		c.refuse(c.call("sql_exec", str("ledger"), str("delete from mirror"), frame0, str(text), frame0), badRequest, "is the host's")
		c.refuse(c.call("sql_query", str("ledger"), str(text)), badRequest, "is the host's")
	}
	if got := c.rows("select count(*) from mirror"); got != "i64:1 string:count(*) i64:2" {
		t.Errorf("after transactions that were refused: %s", got)
	}
}

// TestSeveralStatements: a text has one, whatever hides the others.
func TestSeveralStatements(t *testing.T) {
	c, _ := ledger(t)
	c.exec("insert into mirror (a) values ('x')")
	for _, text := range []string{
		"select 1; delete from mirror", "select 1;;delete from mirror", "select ';'; delete from mirror", `select ";" as "a"; delete from mirror`,
		"select 1 -- ;\n; delete from mirror", "select 1 /* ; */; delete from mirror", "select [a] from mirror; delete from mirror", "select `a` from mirror; delete from mirror",
		"select 'it''s'; delete from mirror", "select 1; /* a */ delete from mirror", "select 1;\x00 delete from mirror", ";select 1; delete from mirror",
	} {
		if a := c.call("sql_query", str("ledger"), str(text)); a.code == ok || a.code == unavailable {
			t.Errorf("%q is answered with %d: %s", text, a.code, a.text)
		}
		if a := c.call("sql_exec", str("ledger"), str(text), frame0); a.code == ok || a.code == unavailable {
			t.Errorf("%q is answered with %d: %s", text, a.code, a.text)
		}
	}
	for _, text := range []string{"select a from mirror;", "select a from mirror ; -- done", "select a from mirror /* ; */", "select a from mirror where a <> ';'", "-- first\nselect a from mirror;;"} {
		if got := c.rows(text); got != "i64:1 string:a string:x" {
			t.Errorf("%q gives %s", text, got)
		}
	}
}

// TestSQLiteIsConfined: no statement reaches another file.
func TestSQLiteIsConfined(t *testing.T) {
	c, path := ledger(t)
	outside := filepath.Join(filepath.Dir(path), "outside.db")
	for _, text := range []string{
		"attach database '" + outside + "' as o", "ATTACH ':memory:' AS o", "attach '" + path + "' as o", "detach main",
		"vacuum", "vacuum into '" + outside + "'", "pragma journal_mode=off", "pragma writable_schema=1", "pragma database_list", "explain pragma database_list",
		"select load_extension('/tmp/x.so')", "select LOAD_EXTENSION('/tmp/x.so', 'y')", "create virtual table v using fts5(a)",
		"select writefile('" + outside + "', 'x')", "select readfile('/etc/passwd')", "select edit('x')", "select fts3_tokenizer('x', x'00')",
		"insert into sqlite_master values ('table','x','x',1,'create table x(a)')",
	} {
		c.refuse(c.call("sql_query", str("ledger"), str(text)), codeRefused, "sql: ledger: ")
		c.refuse(c.call("sql_exec", str("ledger"), str(text), frame0), codeRefused, "sql: ledger: ")
	}
	if _, err := os.Stat(outside); err == nil {
		t.Error("there is another file")
	}
	c.refuse(c.call("sql_query", str("other"), str("select 1")), codeDenied, "sql: other is not granted")
	c.exec("insert into mirror (a) values ('x')")
}

func TestSQLRequests(t *testing.T) {
	c, _ := ledger(t)
	for _, values := range [][]frame.Slot{
		{}, {str("delete from mirror")}, {str("delete from mirror"), frame.IntSlot(1)}, {str("delete from mirror"), frame.IntSlot(-1)}, {str("delete from mirror"), frame.IntSlot(1 << 62), frame0},
		{str("delete from mirror"), str("0")}, {frame0}, {str("  ")}, {str("-- nothing"), frame0}, {str("delete from mirror"), frame0, str("x")},
	} {
		c.refuse(c.call("sql_exec", append([]frame.Slot{str("ledger")}, values...)...), badRequest, "sql_exec: ")
	}
	c.refuse(c.call("sql_query", str("ledger"), str("select ?")), codeRefused, "")
}

func TestSQLBounds(t *testing.T) {
	c, _ := ledger(t)
	const numbers = "with recursive n(i) as (select 1 union all select i + 1 from n where i < ?) select i from n"
	values := c.want(c.call("sql_query", str("ledger"), str(numbers), frame.IntSlot(maxRows)))
	if len(values) != 2+maxRows {
		t.Errorf("%d values", len(values))
	}
	c.refuse(c.call("sql_query", str("ledger"), str(numbers), frame.IntSlot(maxRows+1)), tooLarge, "more than 10000 rows")
	c.refuse(c.call("sql_query", str("ledger"), str("select zeroblob(?)"), frame.IntSlot(frame.MaxMessage)), tooLarge, "")
	c.want(c.call("sql_query", str("ledger"), str("select 1")))
}

// TestSQLTime: a statement that does not end is interrupted, and the connection goes
// on.
func TestSQLTime(t *testing.T) {
	c, _ := ledger(t)
	c.grants.Timeout = 50 * time.Millisecond
	c.begin()
	c.refuse(c.call("sql_query", str("ledger"), str("with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n")), codeTimeout, "longer than")
	c.grants.Timeout = time.Minute
	c.begin()
	c.exec("insert into mirror (a) values ('x')")
}

// TestSQLiteBusy: a database that another holds is busy, which passes.
func TestSQLiteBusy(t *testing.T) {
	c, path := ledger(t)
	db, err := openSQLite("other", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.pool.Close()
	tx, err := db.pool.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec("delete from mirror"); err != nil {
		t.Fatal(err)
	}
	a := c.call("sql_exec", str("ledger"), str("delete from mirror"), frame0)
	c.refuse(a, unavailable, "sql: ledger: ")
}

func TestDSN(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b.db")
	t.Setenv("LEDGER_DSN", "sqlite:"+path)
	c := open(t, Grants{SQL: map[string]Database{"ledger": {Source: Source{Env: "LEDGER_DSN"}}}})
	c.exec("create table a (b)")
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	if got := c.Redact("it is sqlite:" + path); strings.Contains(got, path) {
		t.Errorf("the text is told: %s", got)
	}
}
