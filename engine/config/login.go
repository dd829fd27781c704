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
	// Cert and Key are the paths of PEM files: of the certificate that is shown to a server
	// which asks its clients for one, and of its key.
	Cert string `yaml:"cert" json:"cert,omitempty"`
	Key  string `yaml:"key" json:"key,omitempty"`
}

func (l *Login) paths() []*string {
	return []*string{&l.Credentials, &l.TokenFile, &l.PasswordFile, &l.CA, &l.Cert, &l.Key}
}

// login refuses a login without a server, half a login, and one within the URL, which
// would be noted and told.
func (r *rules) login(at At, servers string, l *Login) {
	for _, of := range []struct{ key, value string }{
		{"credentials", l.Credentials}, {"token_file", l.TokenFile}, {"user", l.User}, {"password_file", l.PasswordFile}, {"ca", l.CA},
		{"cert", l.Cert}, {"key", l.Key},
	} {
		if of.value != "" && servers == "" {
			r.fail(at.Where(of.key), "set url, or remove "+of.key, "%s without a url", of.key)
		}
	}
	for _, pair := range [][2]struct{ key, value string }{
		{{"user", l.User}, {"password_file", l.PasswordFile}}, {{"cert", l.Cert}, {"key", l.Key}},
	} {
		a, b := pair[0], pair[1]
		if servers == "" || (a.value == "") == (b.value == "") {
			continue
		}
		alone := a.key
		if a.value == "" {
			alone = b.key
		}
		r.fail(at.Where(alone), a.key+" and "+b.key+" belong together", "%s is given alone", alone)
	}
	if hasUserInfo(servers) {
		r.fail(at.Where("url"), "name a file by token_file, or by password_file beside user", "the url has a login in it, which would be noted in the data directory")
	}
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
