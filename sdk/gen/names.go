package gen

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// words cuts a name where it is not a letter or a digit of ASCII, and where a
// capital begins: all languages can write what is left.
func words(name string) []string {
	var list []string
	var word strings.Builder
	cut := func() {
		if word.Len() > 0 {
			list = append(list, word.String())
			word.Reset()
		}
	}
	lower := false
	for _, r := range name {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			cut()
			lower = false
			continue
		}
		if unicode.IsUpper(r) && lower {
			cut()
		}
		lower = !unicode.IsUpper(r)
		word.WriteRune(unicode.ToLower(r))
	}
	cut()
	switch {
	case len(list) == 0:
		return []string{"unnamed"}
	case list[0][0] >= '0' && list[0][0] <= '9':
		list[0] = "n" + list[0]
	}
	return list
}

// initialisms are written in capitals in Go.
var initialisms = []string{"id", "url", "uuid", "ip", "http", "json", "api", "cpu", "sql"}

// goName is MixedCaps.
func goName(name string) string {
	return mixed(name, func(word string) bool { return slices.Contains(initialisms, word) })
}

// typeName is MixedCaps without initialisms, as other languages have it.
func typeName(name string) string { return mixed(name, func(string) bool { return false }) }

func mixed(name string, upper func(string) bool) string {
	var b strings.Builder
	for _, word := range words(name) {
		if upper(word) {
			b.WriteString(strings.ToUpper(word))
			continue
		}
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// snakeName is lower case with underscores.
func snakeName(name string) string { return strings.Join(words(name), "_") }

// upperName is upper case with underscores.
func upperName(name string) string { return strings.ToUpper(snakeName(name)) }

// names gives out each name once.
type names map[string]bool

// take returns the name, or one with a number behind it that is free.
func (n names) take(name string) string {
	free := name
	for i := 2; n[free]; i++ {
		free = name + "_" + strconv.Itoa(i)
	}
	n[free] = true
	return free
}

// reserve takes words that a language has for itself.
func reserve(list ...string) names {
	n := names{}
	for _, name := range list {
		n[name] = true
	}
	return n
}
