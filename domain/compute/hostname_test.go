package compute_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/compute"
)

// dotted is a hostname of n bytes, n not a multiple of 10.
func dotted(n int) string { return strings.Repeat("abcdefghi.", n/10) + strings.Repeat("z", n%10) }

func TestParseHostname(t *testing.T) {
	tests := []struct {
		text  string
		fault compute.HostnameFault // "": valid
	}{
		{"localhost", ""},
		{"a.b", ""},
		{"server01.example.com", ""},
		{"Web-1.Example", ""},
		{"10.example.com", ""},
		{"web.123.com", ""},
		{"1a", ""},
		{strings.Repeat("x", 63), ""},
		{dotted(253), ""},
		{"", compute.HostnameEmpty},
		{".", compute.HostnameEmpty},
		{"x..y", compute.HostnameEmpty},
		{".x", compute.HostnameEmpty},
		{"x.", compute.HostnameEmpty},
		{dotted(254), compute.HostnameTooLong},
		{strings.Repeat("-", 300), compute.HostnameTooLong},
		{strings.Repeat("x", 64), compute.LabelTooLong},
		{strings.Repeat("_", 64), compute.LabelTooLong},
		{"x_.com", compute.HostnameBadCharacter},
		{"a b", compute.HostnameBadCharacter},
		{"-_", compute.HostnameBadCharacter},
		{"bücher.example", compute.HostnameBadCharacter},
		{"a\xff", compute.HostnameBadCharacter},
		{"-x", compute.LabelBadFormat},
		{"x-", compute.LabelBadFormat},
		{"a.-b.c", compute.LabelBadFormat},
		{"-", compute.LabelBadFormat},
		{"123", compute.LabelNumeric},
		{"10.0.0.1", compute.LabelNumeric},
		{"example.123", compute.LabelNumeric},
	}
	for _, tt := range tests {
		h, err := compute.ParseHostname(tt.text)
		if tt.fault == "" {
			if err != nil || h.String() != tt.text {
				t.Errorf("%q: %q, %v, want it as it is", tt.text, h, err)
			}
			continue
		}
		var fault *compute.HostnameError
		if !errors.As(err, &fault) || fault.Fault != tt.fault || !h.IsZero() {
			t.Errorf("%q: %q, %v, want %s", tt.text, h, err, tt.fault)
		}
	}
}

func TestHostnameErrorText(t *testing.T) {
	tests := map[string]string{
		"":                      "hostname is empty or has an empty label",
		dotted(254):             "hostname is 254 bytes long, at most 253 are allowed",
		strings.Repeat("x", 64): "hostname label is 64 bytes long, at most 63 are allowed",
		"a.b_":                  `hostname label "b_" has a character other than letters, digits and hyphens`,
		"a.b-":                  `hostname label "b-" begins or ends with a hyphen`,
		"a.1":                   `hostname ends in "1", which is all digits`,
	}
	for text, want := range tests {
		if _, err := compute.ParseHostname(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestHostnameParts(t *testing.T) {
	full, short := hostname(t, "Web1.Example.com"), hostname(t, "Web1")
	if full.ShortName() != "Web1" || full.Domain() != "Example.com" || !full.IsFQDN() {
		t.Errorf("%s: short %q, domain %q, FQDN %v", full, full.ShortName(), full.Domain(), full.IsFQDN())
	}
	if short.ShortName() != "Web1" || short.Domain() != "" || short.IsFQDN() {
		t.Errorf("%s: short %q, domain %q, FQDN %v", short, short.ShortName(), short.Domain(), short.IsFQDN())
	}
	if full.Lower() != hostname(t, "web1.example.com") {
		t.Errorf("lower = %s", full.Lower())
	}
	if diff := cmp.Diff([]string{"Web1", "Example", "com"}, full.Labels()); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
}

func TestHostnameJSON(t *testing.T) {
	text, err := json.Marshal(hostname(t, "Web1.example.com"))
	if err != nil || string(text) != `"Web1.example.com"` {
		t.Errorf("encoded = %s, %v", text, err)
	}
	if _, err := json.Marshal(compute.Hostname{}); err == nil {
		t.Error("the zero hostname was encoded")
	}
	var h compute.Hostname
	var fault *compute.HostnameError
	if err := json.Unmarshal([]byte(`"x_"`), &h); !errors.As(err, &fault) {
		t.Errorf("decoding x_: %v, want a hostname error", err)
	}
}
