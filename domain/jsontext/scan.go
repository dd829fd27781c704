package jsontext

import "encoding/binary"

// MaxDepth bounds how deep arrays and objects are nested in each other.
const MaxDepth = 512

// Scan returns the number of bytes of the value at the start of s, without the
// space behind it. It is 0 if there is no valid value, or one that is nested
// deeper than MaxDepth.
func Scan(s []byte) int { return scanValue(s, 0) }

func scanValue(s []byte, depth int) int {
	if len(s) == 0 || depth > MaxDepth {
		return 0
	}
	switch s[0] {
	case '{':
		return scanList(s, '}', true, depth)
	case '[':
		return scanList(s, ']', false, depth)
	case '"':
		return scanString(s)
	case 't':
		return scanWord(s, "true")
	case 'f':
		return scanWord(s, "false")
	case 'n':
		return scanWord(s, "null")
	}
	return scanNumber(s)
}

// scanList scans an object or an array.
func scanList(s []byte, end byte, keyed bool, depth int) int {
	i := 1 + scanSpace(s[1:])
	if i < len(s) && s[i] == end {
		return i + 1
	}
	for i < len(s) {
		if keyed {
			n := scanKey(s[i:])
			if n == 0 {
				return 0
			}
			i += n
		}
		n := scanValue(s[i:], depth+1)
		if n == 0 {
			return 0
		}
		i += n
		i += scanSpace(s[i:])
		if i >= len(s) {
			return 0
		}
		if s[i] == end {
			return i + 1
		}
		if s[i] != ',' {
			return 0
		}
		i++
		i += scanSpace(s[i:])
	}
	return 0
}

// scanKey scans a member's name, its colon and the space after it.
func scanKey(s []byte) int {
	if s[0] != '"' {
		return 0
	}
	i := scanString(s)
	if i == 0 {
		return 0
	}
	i += scanSpace(s[i:])
	if i >= len(s) || s[i] != ':' {
		return 0
	}
	i++
	return i + scanSpace(s[i:])
}

func scanSpace(s []byte) int {
	for i, c := range s {
		if c > ' ' || c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return i
		}
	}
	return len(s)
}

func scanWord(s []byte, word string) int {
	if len(s) < len(word) || string(s[:len(word)]) != word {
		return 0
	}
	return len(word)
}

func scanString(s []byte) int {
	for i := 1; i < len(s); i++ {
		for i+8 <= len(s) && plain(binary.LittleEndian.Uint64(s[i:])) {
			i += 8
		}
		if i == len(s) {
			break
		}
		switch c := s[i]; {
		case c == '"':
			return i + 1
		case c < ' ':
			return 0
		case c == '\\':
			n := scanEscape(s[i+1:])
			if n == 0 {
				return 0
			}
			i += n
		}
	}
	return 0
}

// plain reports whether none of eight bytes of a string is a quote, a backslash
// or a control character. Now and then it says no to eight that are plain.
func plain(eight uint64) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	quote := eight ^ ones*'"'
	backslash := eight ^ ones*'\\'
	return ((quote-ones)|(backslash-ones)|(eight-ones*' '))&highs&^eight == 0
}

// scanEscape scans what follows a backslash.
func scanEscape(s []byte) int {
	if len(s) == 0 {
		return 0
	}
	switch s[0] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 1
	case 'u':
		if len(s) < 5 {
			return 0
		}
		for _, c := range s[1:5] {
			if lower := c | 0x20; !isDigit(c) && (lower < 'a' || lower > 'f') {
				return 0
			}
		}
		return 5
	}
	return 0
}

func scanNumber(s []byte) int {
	i := 0
	if s[0] == '-' {
		i++
	}
	whole := scanDigits(s[i:])
	if whole == 0 || whole > 1 && s[i] == '0' {
		return 0
	}
	i += whole
	if i < len(s) && s[i] == '.' {
		n := scanDigits(s[i+1:])
		if n == 0 {
			return 0
		}
		i += 1 + n
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		n := scanDigits(s[i:])
		if n == 0 {
			return 0
		}
		i += n
	}
	return i
}

func scanDigits(s []byte) int {
	for i, c := range s {
		if !isDigit(c) {
			return i
		}
	}
	return len(s)
}

func isDigit(c byte) bool { return c-'0' < 10 }
