package cluster

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
)

func mustStart(t *testing.T) *Cluster {
	t.Helper()
	c, err := Start(t.Context(), Options{Settings: map[string]string{"fsync": "off"}})
	var missing *MissingError
	if errors.As(err, &missing) && os.Getenv("CI") == "" {
		t.Skipf("SKIPPED: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func with(t *testing.T, url string, do func(*pgx.Conn) error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(do(conn), conn.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
}

func perform(t *testing.T, url, statement string) {
	t.Helper()
	with(t, url, func(conn *pgx.Conn) error {
		_, err := conn.Exec(t.Context(), statement)
		return err
	})
}

func text(t *testing.T, url, query string) (value string) {
	t.Helper()
	with(t, url, func(conn *pgx.Conn) error { return conn.QueryRow(t.Context(), query).Scan(&value) })
	return value
}

// A server keeps what is committed over a crash, and leaves nothing when it is
// stopped.
func TestCluster(t *testing.T) {
	c := mustStart(t)
	if got := text(t, c.TCP("postgres"), `SHOW server_encoding`); got != "UTF8" {
		t.Errorf("the encoding is %s", got)
	}
	perform(t, c.URL("postgres"), `CREATE TABLE kept AS SELECT 'it' AS what`)
	for _, crash := range []bool{true, false} {
		if err := c.Restart(t.Context(), crash); err != nil {
			t.Fatal(err)
		}
		if got := text(t, c.URL("postgres"), `SELECT what FROM kept`); got != "it" {
			t.Errorf("the row holds %q", got)
		}
	}
	u, err := url.Parse(c.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	dir := u.Query().Get("host")
	if _, err := os.Stat(dir); err != nil {
		t.Error(err)
	}
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}

func TestBadSetting(t *testing.T) {
	var missing *MissingError
	if _, err := binaries(); errors.As(err, &missing) {
		t.Skipf("SKIPPED: %v", err)
	}
	if c, err := Start(t.Context(), Options{Settings: map[string]string{"fsync": "perhaps"}}); err == nil {
		t.Errorf("started; stopped: %v", c.Stop())
	}
}

func TestBinaries(t *testing.T) {
	before := packaged
	t.Cleanup(func() { packaged = before })
	t.Setenv("PATH", t.TempDir())
	dir := t.TempDir()
	packaged = []string{filepath.Join(dir, "*/bin/initdb")}
	var missing *MissingError
	if got, err := binaries(); !errors.As(err, &missing) {
		t.Errorf("found %q, %v, where nothing is", got, err)
	}
	for _, name := range []string{"9", "17", "16"} {
		if err := os.MkdirAll(filepath.Join(dir, name, "bin", "initdb"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := binaries(); err != nil || filepath.Base(filepath.Dir(got)) != "17" {
		t.Errorf("found %q, %v, want the latest", got, err)
	}
}

// Root's own folder for temporary files is no place for a server that runs as
// another user.
func TestFolderThatTheServerCannotReach(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("the server runs as the same user")
	}
	var missing *MissingError
	if _, err := binaries(); errors.As(err, &missing) {
		t.Skipf("SKIPPED: %v", err)
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", dir)
	c, err := Start(t.Context(), Options{})
	if err == nil {
		t.Fatalf("started; stopped: %v", c.Stop())
	}
	if !errors.As(err, &missing) {
		t.Errorf("got error %v, want a MissingError", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
