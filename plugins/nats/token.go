package nats

import (
	"errors"
	"fmt"
	"strings"
)

// Token is a text as one token of a subject or of a bucket's key. Letters, digits,
// "-" and "_" are as they are, each other byte is "=" and two digits of hex, and no
// text at all is "=". So no two texts have the same token, and UUIDs and most names
// are their own.
func Token(text string) string {
	if text == "" {
		return "="
	}
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; isPlain(c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "=%02X", c)
		}
	}
	return b.String()
}

func isPlain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// tokens are texts as tokens, one behind the other.
func tokens(texts []string) string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = Token(text)
	}
	return strings.Join(all, ".")
}

// maxSubject bounds a subject in bytes: a server ends the connection of whoever
// sends it a line of more than 4,096.
const maxSubject = 1024

func checkSubject(subject string) error {
	if len(subject) > maxSubject {
		return fmt.Errorf("its subject is %d bytes long, at most %d are allowed", len(subject), maxSubject)
	}
	return nil
}

// checkLiteral refuses what a subject cannot be made of.
func checkLiteral(subject string) error {
	for token := range strings.SplitSeq(subject, ".") {
		if token == "" {
			return errors.New("a token of the subject is empty")
		}
	}
	if strings.ContainsAny(subject, " \t\r\n*>") {
		return errors.New("a subject has no spaces, and none that effects are published to has * or >")
	}
	return nil
}
