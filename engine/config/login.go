package config

import (
	"net/url"
	"strings"
)

// Login is what a NATS server asks of who connects. Secrets are in files, whose paths are
// relative to the YAML file, and absolute once loaded.
type Login struct {
	// Credentials is the path of a NATS credentials file for URL.
	Credentials string `yaml:"credentials" json:"credentials,omitempty"`
	// TokenFile is the path of a file with the token that the server asks for.
	TokenFile string `yaml:"token_file" json:"token_file,omitempty"`
	// User is the name of a user of the server at URL, and PasswordFile the path of a
	// file with the password.
	User         string `yaml:"user" json:"user,omitempty"`
	PasswordFile string `yaml:"password_file" json:"password_file,omitempty"`
	// CA is the path of a PEM file of the authorities that sign the server's
	// certificate.
	CA string `yaml:"ca" json:"ca,omitempty"`
}

func (l *Login) paths() []*string {
	return []*string{&l.Credentials, &l.TokenFile, &l.PasswordFile, &l.CA}
}

// login refuses a login without a server, half a login, and one within the URL, which
// would be noted and told.
func (r *rules) login(at At, servers string, l *Login) {
	for _, of := range []struct{ key, value string }{
		{"credentials", l.Credentials}, {"token_file", l.TokenFile}, {"user", l.User}, {"password_file", l.PasswordFile}, {"ca", l.CA},
	} {
		if of.value != "" && servers == "" {
			r.fail(at.Where(of.key), "set url, or remove "+of.key, "%s without a url", of.key)
		}
	}
	if servers != "" && (l.User == "") != (l.PasswordFile == "") {
		r.fail(at.Where(l.half()), "user and password_file belong together", "%s is given alone", l.half())
	}
	if hasUserInfo(servers) {
		r.fail(at.Where("url"), "name a file by token_file, or by password_file beside user", "the url has a login in it, which would be noted in the data directory")
	}
}

// half is the key that stands alone.
func (l *Login) half() string {
	if l.User != "" {
		return "user"
	}
	return "password_file"
}

// hasUserInfo reports whether one of the servers of a list has a user or a token in its
// URL.
func hasUserInfo(servers string) bool {
	for server := range strings.SplitSeq(servers, ",") {
		server = strings.TrimSpace(server)
		if !strings.Contains(server, "://") {
			server = "nats://" + server
		}
		if u, err := url.Parse(server); err == nil && u.User != nil || err != nil && strings.Contains(server, "@") {
			return true
		}
	}
	return false
}
