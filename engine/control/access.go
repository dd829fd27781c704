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
	"sync/atomic"
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

// access knows who may ask.
type access struct {
	bearers   atomic.Pointer[bearers]
	certified []Right        // of a client certificate; none where there are tokens
	refusals  rate.Sometimes // bounds what is logged of those who may not
}

// bearers are those who carry tokens. A token is compared as a digest, and with all that
// there are: how long that takes says nothing.
type bearers struct {
	callers []caller
	digests [][sha256.Size]byte // of the callers' tokens
}

func newAccess(tokens []Token, certified []Right) *access {
	a := &access{refusals: rate.Sometimes{First: 1, Interval: time.Second}}
	if len(tokens) == 0 {
		a.certified = certified
	}
	a.bearers.Store(bearersOf(tokens))
	return a
}

func bearersOf(tokens []Token) *bearers {
	b := &bearers{}
	for _, t := range tokens {
		b.callers = append(b.callers, caller{t.Name, t.May})
		b.digests = append(b.digests, sha256.Sum256([]byte(t.Secret)))
	}
	return b
}

// changed are the names of those whose tokens are not what they were.
func (b *bearers) changed(before *bearers) (names []string) {
	for i := range b.digests {
		if i >= len(before.digests) || b.digests[i] != before.digests[i] {
			names = append(names, b.callers[i].name)
		}
	}
	return names
}

// Admit has requests carry these tokens from now on, and no others. Those that are under
// way go on. A server that was given none admits nobody by them.
func (s *Server) Admit(tokens []Token) {
	next := bearersOf(tokens)
	before := s.access.bearers.Swap(next)
	if names := next.changed(before); len(names) > 0 {
		s.logger.Info("the control API has read its tokens again", "changed", names)
	}
}

// who is the caller; nil for nobody who may ask.
func (a *access) who(r *http.Request) *caller {
	known := a.bearers.Load()
	if len(known.callers) == 0 {
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
	for i := range known.digests {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(digest[:], known.digests[i][:]), i, found)
	}
	if found < 0 {
		return nil
	}
	return &known.callers[found]
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
