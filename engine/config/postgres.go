package config

import (
	"encoding/json"
	"net/url"
	"slices"
)

// Postgres maintains tables in a PostgreSQL database, which one of URL, URLEnv and
// URLFile names.
type Postgres struct {
	At `yaml:"-" json:"-"`
	// URL is that of the database.
	URL SecretURL `yaml:"url" json:"url,omitempty"`
	// URLEnv names the environment variable that has the URL.
	URLEnv string `yaml:"url_env" json:"url_env,omitempty"`
	// URLFile is the path of a file that has it, relative to the YAML file; absolute
	// once loaded.
	URLFile string `yaml:"url_file" json:"url_file,omitempty"`
	// Schema is where the tables are; empty means the first of the role's search_path.
	Schema string `yaml:"schema" json:"schema,omitempty"`
	// ExistingTables says that the user's own migrations make the tables.
	ExistingTables bool    `yaml:"existing_tables" json:"existing_tables,omitempty"`
	Tables         []Table `yaml:"tables" json:"tables"`
	// Queries has Query effects answered.
	Queries *Queries `yaml:"queries" json:"queries,omitempty"`
}

// SecretURL is a URL that may have a password. Whatever prints it, or writes it as
// JSON, leaves that out.
type SecretURL string

// redacted is the URL without what may be a password; empty if it is none.
func (s SecretURL) redacted() string {
	u, err := url.Parse(string(s))
	if err != nil {
		return ""
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	q := u.Query()
	for _, secret := range []string{"password", "sslpassword"} {
		q.Del(secret)
	}
	u.RawQuery, u.Fragment = q.Encode(), ""
	return u.String()
}

func (s SecretURL) String() string   { return s.redacted() }
func (s SecretURL) GoString() string { return s.redacted() }

// MarshalJSON writes the URL without its password.
func (s SecretURL) MarshalJSON() ([]byte, error) { return json.Marshal(s.redacted()) }

// ReachAs has an older declaration of the pipeline reach its databases as the present one
// reaches those with the same schema: its URLs were kept without their passwords, and may
// be out of date.
func (p *Pipeline) ReachAs(now *Pipeline) {
	for i := range p.Executors {
		old := p.Executors[i].Innermost()
		if old == nil || old.Postgres == nil {
			continue
		}
		for j := range now.Executors {
			x := now.Executors[j].Innermost()
			if x != nil && x.Postgres != nil && x.Postgres.Schema == old.Postgres.Schema {
				old.Postgres.URL, old.Postgres.URLEnv, old.Postgres.URLFile = x.Postgres.URL, x.Postgres.URLEnv, x.Postgres.URLFile
			}
		}
	}
}

// identified is the executor as a read model depends on it: where the database is
// changes nothing.
func (p Postgres) identified() Postgres {
	p.URL, p.URLEnv, p.URLFile, p.Queries = "", "", "", nil
	return p
}

func (r *rules) postgres(p *Postgres) {
	keys := []string{"url", "url_env", "url_file"}
	given := slices.DeleteFunc(keys, func(key string) bool { return !p.Sets(key) })
	switch {
	case len(given) == 0:
		r.fail(p.pos, "add `url_env: NAME`, `url_file: FILE`, or `url:` with postgres://USER@HOST/DATABASE", "the postgres executor has no database")
	case len(given) > 1:
		r.fail(p.Where(given[1]), "keep one of the two", "the database is given by %s and by %s", given[0], given[1])
	}
	if p.Sets("url") {
		r.databaseURL(p)
	}
	if p.Sets("url_env") && !environmentName.MatchString(p.URLEnv) {
		r.fail(p.Where("url_env"), "use letters, digits and _, not starting with a digit; a URL goes under url", "url_env is not the name of an environment variable")
	}
	if p.Sets("url_file") && p.URLFile == "" {
		r.fail(p.Where("url_file"), "name the file; it is relative to this one", "url_file is empty")
	}
	if p.Sets("schema") && !sqlName.MatchString(p.Schema) {
		r.fail(p.Where("schema"), "use a-z, 0-9 and _, not starting with a digit", "%q cannot name a schema", p.Schema)
	}
	r.tables(p.Where("tables"), "postgres", p.Tables)
	r.queries(p.Queries)
}

// databaseURL says nothing of what is in the URL: it may be a password.
func (r *rules) databaseURL(p *Postgres) {
	u, err := url.Parse(string(p.URL))
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		r.fail(p.Where("url"), "in user and password write @ as %40, : as %3A, / as %2F, and % as %25", "url is not of the form postgres://USER:PASSWORD@HOST:PORT/DATABASE")
	}
}
