package plugincheck

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/catalog"
)

// draw draws a field's value; nil leaves it out. strict is true where the catalog
// declares the field.
func (f *field) draw(t *rapid.T, strict bool) json.RawMessage {
	odd := rapid.IntRange(0, 15).Draw(t, "odd")
	switch {
	case odd == 0 && f.optional && !f.key: // what is drawn most, and what others are shrunk to
		return nil
	case odd >= 14 && f.optional:
		return nil
	case odd == 13 && f.optional:
		return json.RawMessage("null")
	case odd == 12 && !strict && !f.key:
		return f.usual(t, rapid.SampledFrom(catalog.FieldTypes()).Draw(t, "kind"))
	case f.key:
		return f.drawKey(t)
	case len(f.seen) > 0 && odd < 8:
		return rapid.SampledFrom(f.seen).Draw(t, "seen")
	}
	return f.usual(t, f.kind)
}

// drawKey draws one of few keys, so that there are several events of each. Some
// begin alike, for whoever keeps the beginning.
func (f *field) drawKey(t *rapid.T) json.RawMessage {
	if len(f.seen) > 0 {
		return rapid.SampledFrom(f.seen[:min(4, len(f.seen))]).Draw(t, "key")
	}
	if f.kind == catalog.StringType || f.kind == catalog.AnyType {
		return quoted(rapid.SampledFrom([]string{"a", "b", "c", "", longKey + "1", longKey + "2"}).Draw(t, "key"))
	}
	return f.nthKey(rapid.IntRange(0, 3).Draw(t, "key"))
}

// longKey is longer than what somebody might have room for.
var longKey = strings.Repeat("key ", 20)

// nthKey is one of many keys, as far as the field's type has them.
func (f *field) nthKey(n int) json.RawMessage {
	switch f.kind {
	case catalog.IntegerType, catalog.NumberType:
		return json.RawMessage(strconv.Itoa(n))
	case catalog.BooleanType:
		return json.RawMessage(strconv.FormatBool(n%2 == 1))
	case catalog.UUIDType:
		return quoted(fmt.Sprintf("00000000-0000-4000-8000-%012d", n))
	case catalog.TimeType:
		return quoted(time.Date(2026, 1, 1, 0, n, 0, 0, time.UTC).Format(time.RFC3339))
	}
	return quoted("key " + strconv.Itoa(n))
}

// usual draws a value of a type, the odd ones of it included.
func (f *field) usual(t *rapid.T, kind catalog.FieldType) json.RawMessage {
	switch kind {
	case catalog.StringType:
		if f.bytes {
			return quoted(base64.StdEncoding.EncodeToString(rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(t, "bytes")))
		}
		return drawText(t)
	case catalog.IntegerType:
		return drawInteger(t)
	case catalog.NumberType:
		return drawNumber(t)
	case catalog.BooleanType:
		return json.RawMessage(strconv.FormatBool(rapid.Bool().Draw(t, "bool")))
	case catalog.UUIDType:
		return quoted(rapid.SampledFrom([]string{
			"01900000-0000-7000-8000-000000000001", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "00000000-0000-0000-0000-000000000000"}).Draw(t, "uuid"))
	case catalog.TimeType:
		return quoted(rapid.SampledFrom([]string{
			"2026-01-31T09:30:00Z", "1970-01-01T00:00:00.000000001Z", "2026-06-30T23:59:59.999999999+14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"}).Draw(t, "time"))
	case catalog.ArrayType:
		return json.RawMessage(rapid.SampledFrom([]string{"[]", `[1,"two",null]`, "[[[]]]", nest("[", "]")}).Draw(t, "array"))
	case catalog.ObjectType:
		return json.RawMessage(rapid.SampledFrom([]string{"{}", `{"a":1,"":null}`, `{"a":{"b":{"c":[]}}}`, nest(`{"a":`, "}")}).Draw(t, "object"))
	}
	return f.usual(t, rapid.SampledFrom(catalog.FieldTypes()[1:]).Draw(t, "any"))
}

// depth is how deep the deepest value nests.
const depth = 200

func nest(open, end string) string {
	return strings.Repeat(open, depth) + "1" + strings.Repeat(end, depth)
}

func drawText(t *rapid.T) json.RawMessage {
	if rapid.IntRange(0, 3).Draw(t, "free text") == 3 {
		return quoted(rapid.StringN(0, 12, -1).Draw(t, "text"))
	}
	return quoted(rapid.SampledFrom([]string{
		"a", "b", "", "true", "0", "größer", "\x00\t\"\\", "\U0001F600", "a b/c.d", strings.Repeat("long ", 1000)}).Draw(t, "text"))
}

func drawInteger(t *rapid.T) json.RawMessage {
	if rapid.Bool().Draw(t, "edge") {
		return json.RawMessage(rapid.SampledFrom([]string{
			"0", "-1", "9223372036854775807", "-9223372036854775808", "2147483648", "9007199254740993",
			"9223372036854775808", "123456789012345678901234567890"}).Draw(t, "integer"))
	}
	return json.RawMessage(strconv.Itoa(rapid.IntRange(0, 100).Draw(t, "integer")))
}

func drawNumber(t *rapid.T) json.RawMessage {
	if rapid.Bool().Draw(t, "edge") {
		return json.RawMessage(rapid.SampledFrom([]string{
			"0", "-0.0", "0.1", "1e308", "-1e308", "5e-324", "0.30000000000000004", "1E+2"}).Draw(t, "number"))
	}
	return drawInteger(t)
}

func quoted(text string) json.RawMessage {
	b, _ := json.Marshal(text) // of a text never fails
	return b
}
