package capability

import (
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseHTTPHost(t *testing.T) {
	for text, want := range map[string]HTTPHost{
		"hooks.example.com":         {"https", "hooks.example.com", 443, false},
		"https://hooks.example.com": {"https", "hooks.example.com", 443, false},
		"Hooks.Example.com:8443":    {"https", "hooks.example.com", 8443, false},
		"http://hooks.example.com":  {"http", "hooks.example.com", 80, false},
		"http://127.0.0.1:8080":     {"http", "127.0.0.1", 8080, true},
		"http://[::1]:8080":         {"http", "::1", 8080, true},
		"[2606:4700:0:0::1111]":     {"https", "2606:4700::1111", 443, false},
		"[::ffff:127.0.0.1]":        {"https", "127.0.0.1", 443, true},
		"10.1.2.3":                  {"https", "10.1.2.3", 443, true},
		"8.8.8.8":                   {"https", "8.8.8.8", 443, false},
		"localhost:9":               {"https", "localhost", 9, true},
		"xn--hks-sna.example":       {"https", "xn--hks-sna.example", 443, false},
		"my_host":                   {"https", "my_host", 443, false},
	} {
		got, err := ParseHTTPHost(text)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
		if again, err := ParseHTTPHost(got.String()); err != nil || !again.same(got) {
			t.Errorf("%s is written as %s, which is %+v, %v", text, got, again, err)
		}
	}
	for _, text := range []string{"", "*", "*.example.com", "hooks.example.com/", "hooks.example.com/a", "hooks.example.com?a", "hooks.example.com#a",
		"hooks.example.com.", ".example.com", "a..b", "user@hooks.example.com", "https://user:pass@hooks.example.com", "ftp://hooks.example.com",
		"hööks.example.com", "hooks.example.com:0", "hooks.example.com:", "hooks.example.com:65536", "hooks.example.com:x", "[fe80::1%25eth0]",
		"[fe80::1%eth0]", "127.1", "0x7f000001", "2130706433", "010.0.0.1", "1.2.3.4.5", "hooks example.com", "hooks.example.com\n", "https:hooks.example.com",
		"//hooks.example.com", "-a.example", "a-.example", "h%6foks.example.com", "::1", "[::1", "https://[::ffff:1.2.3.4%25a]", strings.Repeat("a.", 130) + "example"} {
		if h, err := ParseHTTPHost(text); err == nil {
			t.Errorf("%q is %+v", text, h)
		}
	}
}

func TestIsPublic(t *testing.T) {
	for _, text := range []string{"8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"} {
		if !isPublic(netip.MustParseAddr(text)) {
			t.Errorf("%s is not public", text)
		}
	}
	for _, text := range []string{"127.0.0.1", "127.255.0.9", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
		"100.64.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1",
		"::ffff:10.0.0.1", "::7f00:1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:db8::1", "2001::1", "fec0::1", "100::1"} {
		if isPublic(netip.MustParseAddr(text)) {
			t.Errorf("%s is public", text)
		}
	}
}

// TestWhatIsParsedIsInItsForm: whatever is accepted is compared in one form.
func TestWhatIsParsedIsInItsForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`(http://|https://)?[a-zA-Z0-9.\[\]:_-]{1,20}(:[0-9]{1,5})?`).Draw(t, "text")
		h, err := ParseHTTPHost(text)
		if err != nil {
			return
		}
		again, err := ParseHTTPHost(h.String())
		if err != nil || again != h || h.Name != strings.ToLower(h.Name) {
			t.Fatalf("%q is %+v, written %s, and then %+v, %v", text, h, h, again, err)
		}
	})
}

func FuzzParseHTTPHost(f *testing.F) {
	f.Add("hooks.example.com:8443")
	f.Add("http://[::1]:80")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := ParseHTTPHost(text)
		if err != nil {
			return
		}
		if again, err := ParseHTTPHost(h.String()); err != nil || again != h {
			t.Fatalf("%q is %+v, written %s, and then %+v, %v", text, h, h, again, err)
		}
	})
}
