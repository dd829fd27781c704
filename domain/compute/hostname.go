package compute

import (
	"fmt"
	"strings"
)

// Limits of a hostname, in bytes.
const (
	MaxHostnameLength = 253
	MaxLabelLength    = 63
)

// Hostname is a valid DNS host name; its case is kept. The zero Hostname is
// none at all, and only ParseHostname and decoding make others.
type Hostname struct{ text string }

// HostnameFault is what is wrong with a hostname.
type HostnameFault string

// The faults, in the order in which they are looked for.
const (
	HostnameEmpty        HostnameFault = "empty"             // the whole, or one label
	HostnameTooLong      HostnameFault = "too_long"          // the whole
	LabelTooLong         HostnameFault = "label_too_long"    // one label
	HostnameBadCharacter HostnameFault = "invalid_character" // other than letters, digits, hyphen
	LabelBadFormat       HostnameFault = "invalid_label"     // a hyphen at an end
	LabelNumeric         HostnameFault = "numeric_label"     // the last label is all digits
)

// HostnameError is a text that is not a hostname.
type HostnameError struct {
	Fault  HostnameFault
	Label  string // the label at fault, if it is one
	Length int    // in bytes: of the whole for HostnameTooLong, else of the label
}

func (e *HostnameError) Error() string {
	switch e.Fault {
	case HostnameEmpty:
		return "hostname is empty or has an empty label"
	case HostnameTooLong:
		return fmt.Sprintf("hostname is %d bytes long, at most %d are allowed", e.Length, MaxHostnameLength)
	case LabelTooLong:
		return fmt.Sprintf("hostname label is %d bytes long, at most %d are allowed", e.Length, MaxLabelLength)
	case HostnameBadCharacter:
		return fmt.Sprintf("hostname label %q has a character other than letters, digits and hyphens", e.Label)
	case LabelBadFormat:
		return fmt.Sprintf("hostname label %q begins or ends with a hyphen", e.Label)
	}
	return fmt.Sprintf("hostname ends in %q, which is all digits", e.Label)
}

// ParseHostname reads a hostname. The error is a *[HostnameError].
func ParseHostname(s string) (Hostname, error) {
	if s == "" {
		return Hostname{}, &HostnameError{Fault: HostnameEmpty}
	}
	if len(s) > MaxHostnameLength {
		return Hostname{}, &HostnameError{Fault: HostnameTooLong, Length: len(s)}
	}
	labels := strings.Split(s, ".")
	for i, label := range labels {
		last := i == len(labels)-1
		if fault := labelFault(label, last); fault != "" {
			return Hostname{}, &HostnameError{Fault: fault, Label: label, Length: len(label)}
		}
	}
	return Hostname{s}, nil
}

// labelFault returns "" for a good label. Only the last label may not be all
// digits: it is what tells a name from an IPv4 address.
func labelFault(label string, last bool) HostnameFault {
	switch {
	case label == "":
		return HostnameEmpty
	case len(label) > MaxLabelLength:
		return LabelTooLong
	case strings.ContainsFunc(label, func(r rune) bool { return !isLabelRune(r) }):
		return HostnameBadCharacter
	case label[0] == '-' || label[len(label)-1] == '-':
		return LabelBadFormat
	case last && strings.Trim(label, "0123456789") == "":
		return LabelNumeric
	}
	return ""
}

func isLabelRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-'
}

// String returns the hostname as it was given.
func (h Hostname) String() string { return h.text }

// IsZero reports whether there is no hostname.
func (h Hostname) IsZero() bool { return h.text == "" }

// Lower returns the canonical spelling, in lower case.
func (h Hostname) Lower() Hostname { return Hostname{strings.ToLower(h.text)} }

// Labels returns the parts between the dots.
func (h Hostname) Labels() []string { return strings.Split(h.text, ".") }

// ShortName returns the first label.
func (h Hostname) ShortName() string {
	short, _, _ := strings.Cut(h.text, ".")
	return short
}

// Domain returns what follows the first dot; "" if there is none.
func (h Hostname) Domain() string {
	_, domain, _ := strings.Cut(h.text, ".")
	return domain
}

// IsFQDN reports whether the name has a domain.
func (h Hostname) IsFQDN() bool { return strings.Contains(h.text, ".") }

// MarshalText returns the hostname; the zero Hostname has no text.
func (h Hostname) MarshalText() ([]byte, error) {
	if h.IsZero() {
		return nil, &HostnameError{Fault: HostnameEmpty}
	}
	return []byte(h.text), nil
}

// UnmarshalText is ParseHostname.
func (h *Hostname) UnmarshalText(text []byte) (err error) {
	*h, err = ParseHostname(string(text))
	return err
}
