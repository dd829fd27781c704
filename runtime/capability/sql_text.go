package capability

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// transactions are the words that begin or end one: that is the host's.
var transactions = []string{"begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release", "prepare"}

// checkStatement refuses a text of several statements, and one that begins or ends a
// transaction. It reads SQLite's lexical grammar; PostgreSQL, whose own knows more
// kinds of quotes, refuses several statements itself.
func checkStatement(text string) error {
	first, rest := firstWord(text)
	if slices.Contains(transactions, strings.ToLower(first)) {
		return fmt.Errorf("%s is the host's: statements of one call are one transaction", strings.ToUpper(first))
	}
	if first == "" && rest == "" {
		return errors.New("the statement is empty")
	}
	return nil
}

// firstWord is the first word of a statement, behind spaces, comments and empty
// statements, and what begins with it.
func firstWord(text string) (word, rest string) {
	rest = text
	for rest != "" {
		skipped := strings.TrimLeft(rest, " \t\r\n\f\v\ufeff;(")
		skipped = skipComment(skipped)
		if len(skipped) == len(rest) {
			break
		}
		rest = skipped
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_') })
	if end < 0 {
		end = len(rest)
	}
	return rest[:end], rest
}

// skipComment returns what follows a comment, if text begins with one.
func skipComment(text string) string {
	switch {
	case strings.HasPrefix(text, "--"):
		_, after, _ := strings.Cut(text, "\n")
		return after
	case strings.HasPrefix(text, "/*"):
		_, after, _ := strings.Cut(text[2:], "*/")
		return after
	}
	return text
}

// isOne reports whether a text for SQLite has one statement: nothing but spaces and
// comments behind its first semicolon.
func isOne(text string) bool {
	for text != "" {
		if comment := skipComment(text); len(comment) < len(text) {
			text = comment
			continue
		}
		switch c := text[0]; c {
		case ';':
			_, rest := firstWord(text)
			return rest == ""
		case '\'', '"', '`', '[':
			text = skipQuoted(text[1:], closing(c))
		default:
			text = text[1:]
		}
	}
	return true
}

func closing(quote byte) byte {
	if quote == '[' {
		return ']'
	}
	return quote
}

// skipQuoted returns what follows the closing quote. A doubled one is two texts
// that touch, which comes to the same.
func skipQuoted(text string, quote byte) string {
	end := strings.IndexByte(text, quote)
	if end < 0 {
		return ""
	}
	return text[end+1:]
}
