package capability

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// HTTPHost is where requests may go.
type HTTPHost struct {
	Scheme string // "https" or "http"
	Name   string // in lower case, or an IP address in its one form
	Port   uint16
	// Private reports whether addresses may be asked that are not public: of the
	// machine itself, or of the network around it.
	Private bool
}

// hostName is a name in the form that name servers know: an other alphabet's is
// written with xn--.
var hostName = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)*$`)

// numeric is a last label that some readers take for a part of an IPv4 address.
var numeric = regexp.MustCompile(`(^|\.)(0x[0-9a-f]*|[0-9]+)$`)

var defaultPorts = map[string]uint16{"https": 443, "http": 80}

// ParseHTTPHost reads a host as a configuration grants it: NAME and NAME:PORT mean
// https, as does https://NAME:PORT; http:// has to be written. An IP address, and
// localhost, is private if it is.
func ParseHTTPHost(text string) (HTTPHost, error) {
	full := text
	if !strings.Contains(text, "://") {
		full = "https://" + text
	}
	u, err := url.Parse(full)
	if err != nil || !printable(text) {
		return HTTPHost{}, fmt.Errorf("%q is no host", text)
	}
	if u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.ContainsAny(text, "?#*") {
		return HTTPHost{}, fmt.Errorf("%q is more than a host and a port, or has a wildcard", text)
	}
	h, err := hostOf(u)
	if err != nil {
		return HTTPHost{}, fmt.Errorf("%q is no host: %w", text, err)
	}
	address, notAddress := netip.ParseAddr(h.Name)
	if notAddress != nil && numeric.MatchString(h.Name) {
		return HTTPHost{}, fmt.Errorf("%q is neither a name nor an address", text)
	}
	h.Private = notAddress == nil && !isPublic(address) || h.Name == "localhost"
	return h, nil
}

// hostOf is where a URL leads.
func hostOf(u *url.URL) (HTTPHost, error) {
	port, known := defaultPorts[u.Scheme]
	name := strings.ToLower(u.Hostname())
	address, notAddress := netip.ParseAddr(name)
	switch {
	case !known:
		return HTTPHost{}, fmt.Errorf("its scheme is neither https nor http")
	case u.User != nil:
		return HTTPHost{}, fmt.Errorf("it has a user; credentials belong into a header")
	case u.Opaque != "" || strings.Contains(u.Host, "%"):
		return HTTPHost{}, fmt.Errorf("its host is encoded, or has a zone")
	case notAddress == nil:
		name = address.Unmap().String()
	case len(name) > 253 || !hostName.MatchString(name):
		return HTTPHost{}, fmt.Errorf("its host is no name: a-z, 0-9, dashes and dots, without a final one; other alphabets as xn--")
	}
	if text := u.Port(); text != "" {
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil || n == 0 {
			return HTTPHost{}, fmt.Errorf("its port is none")
		}
		port = uint16(n)
	} else if strings.HasSuffix(u.Host, ":") {
		return HTTPHost{}, fmt.Errorf("its port is none")
	}
	return HTTPHost{Scheme: u.Scheme, Name: name, Port: port}, nil
}

// same reports whether two hosts are, whatever addresses they may have.
func (h HTTPHost) same(o HTTPHost) bool {
	h.Private, o.Private = false, false
	return h == o
}

// String is the host as a configuration writes it.
func (h HTTPHost) String() string {
	text := h.Name
	if strings.Contains(text, ":") {
		text = "[" + text + "]"
	}
	if h.Port != defaultPorts[h.Scheme] {
		text += ":" + strconv.Itoa(int(h.Port))
	}
	if h.Scheme != "https" {
		text = h.Scheme + "://" + text
	}
	return text
}

// printable reports whether a text is of ASCII characters that can be seen.
func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' })
}

// shared are addresses of no use in public, beside those that netip knows: of
// "this" network, of carriers, of protocols and documentation, of benchmarks, and
// those of IPv6 that carry one of IPv4.
var shared = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10")

func prefixes(texts ...string) (list []netip.Prefix) {
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// isPublic reports whether an address is one of the open internet.
func isPublic(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range shared {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
