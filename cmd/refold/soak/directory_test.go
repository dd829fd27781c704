package soak

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/refold-dev/refold/cmd/refold/internal/enginetest"
	"github.com/refold-dev/refold/plugins/postgres/postgrestest"
)

// directory is a data directory with pipelines into SQLite and PostgreSQL.
type directory struct {
	*enginetest.Directory
	database  string // a URL
	pipelines []string
}

const schema = `
          tables:
            - {name: accounts, columns: {account: text, balance: integer, entries: integer, owner: text}, primary_key: [account]}
            - {name: entries, columns: {n: integer, account: text, amount: integer, balance: integer}, primary_key: [n]}`

// The pipelines of a soak: %[1]s is the database, %[2]s a module, %[3]s a process.
// Whoever operates them lets a server be away for a while.
const (
	sandboxed = `
  - name: sandboxed
    projection: {wasm: %[2]s}
    executors:
      - sqlite:
          path: sandboxed.db` + schema + `
        retry: {attempts: 100, first: 10ms, longest: 200ms}
      - postgres:
          url: %[1]s
          schema: sandboxed` + schema + `
        retry: {attempts: 100, first: 10ms, longest: 200ms}
`
	processed = `
  - name: processed
    projection: {process: {command: [%[3]s]}}
    executors:
      - sqlite:
          path: processed.db` + schema + `
`
)

func newDirectory(t *testing.T, folder string, database string, pipelines ...string) *directory {
	t.Helper()
	config := "pipelines:" + strings.Join(pipelines, "")
	d := &directory{Directory: enginetest.In(t, folder, ""), database: database}
	if err := os.WriteFile(d.Config, fmt.Appendf(nil, config, database, guest, plugin), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range pipelines {
		d.pipelines = append(d.pipelines, strings.TrimPrefix(strings.Fields(p)[2], "name: "))
	}
	return d
}

// check compares everything with what the log says.
func (d *directory) check(l *log) {
	d.Helper()
	for _, p := range d.pipelines {
		wantTables(d.T, p+" in SQLite", l.want, read(d.T, "sqlite", filepath.Join(d.Path, p+".db")))
	}
	if d.database != "" {
		wantTables(d.T, "in PostgreSQL", l.want, read(d.T, "pgx", d.database+"&search_path=sandboxed"))
	}
	for _, s := range d.Status() {
		if !s.Covered() || int(s.Position) != len(l.lines) || int(s.Delivered) != len(l.lines) {
			d.Errorf("%s: delivered %d and filtered %d of %d, at position %d", s.Pipeline, s.Delivered, s.Filtered, len(l.lines), s.Position)
		}
	}
}

// undisturbed is what a run makes of a log when nothing happens.
func undisturbed(t *testing.T, l *log) {
	t.Helper()
	d := newDirectory(t, t.TempDir(), postgrestest.Database(t), sandboxed, processed)
	d.Import(l.text(0, len(l.lines)))
	d.Run("run", "-c", d.Config, "--once")
	d.check(l)
}
