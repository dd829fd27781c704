package control

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// Token is what somebody proves a name and rights with.
type Token struct {
	// Name is what the log calls who carries it.
	Name string
	// Secret is the text that requests carry: see CheckSecret.
	Secret string
	May    []Right
}

// minSecret is the least length of a token. Of random letters that is too much to guess.
const minSecret = 20

// CheckSecret reports why a text is no good as a token. It says nothing of the text.
func CheckSecret(text string) error {
	if len(text) < minSecret {
		return fmt.Errorf("a token has at least %d characters, and this one %d: make one with `openssl rand -hex 32`", minSecret, len(text))
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("a token has no spaces, and only characters of ASCII: make one with `openssl rand -hex 32`")
	}
	return nil
}

// caller is who asks.
type caller struct {
	name string
	may  []Right
}

// access knows who may ask. A token is compared as a digest, and with all that there are:
// how long that takes says nothing.
type access struct {
	callers   []caller
	digests   [][sha256.Size]byte // of the callers' tokens
	certified []Right             // of a client certificate, where there are no tokens
	refusals  rate.Sometimes      // bounds what is logged of those who may not
}

func newAccess(tokens []Token, certified []Right) *access {
	a := &access{certified: certified, refusals: rate.Sometimes{First: 1, Interval: time.Second}}
	for _, t := range tokens {
		a.callers = append(a.callers, caller{t.Name, t.May})
		a.digests = append(a.digests, sha256.Sum256([]byte(t.Secret)))
	}
	return a
}

// who is the caller; nil for nobody who may ask.
func (a *access) who(r *http.Request) *caller {
	if len(a.callers) == 0 {
		if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 || len(a.certified) == 0 {
			return nil
		}
		return &caller{r.TLS.VerifiedChains[0][0].Subject.CommonName, a.certified}
	}
	carried := r.Header.Values("Authorization")
	if len(carried) != 1 { // of several a proxy before us might have read another one
		return nil
	}
	scheme, secret, _ := strings.Cut(carried[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return nil
	}
	digest := sha256.Sum256([]byte(secret))
	found := -1
	for i := range a.digests {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(digest[:], a.digests[i][:]), i, found)
	}
	if found < 0 {
		return nil
	}
	return &a.callers[found]
}

func (c *caller) mayDo(right Right) bool { return slices.Contains(c.may, right) }

// strange says why a request may come from a page in a browser that has nothing to do
// with the engine; nil if it does not. No page has: answers to others are refused, whatever
// they would carry.
func strange(r *http.Request, loopback bool) error {
	if host := hostOf(r.Host); loopback && !isLoopback(host) {
		return fmt.Errorf("this is no address of %q: ask 127.0.0.1", host)
	}
	writing := *r // reads are held to it, too
	writing.Method = http.MethodPost
	return http.NewCrossOriginProtection().Check(&writing)
}

func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.Trim(address, "[]")
	}
	return host
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
