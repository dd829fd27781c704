package value

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestObjectIsTheJSONOfItsValues(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var o Object
		want := map[string]any{}
		for range rapid.IntRange(0, 6).Draw(rt, "members") {
			name := rapid.String().Draw(rt, "name")
			if _, twice := want[name]; twice {
				continue
			}
			switch rapid.IntRange(0, 3).Draw(rt, "kind") {
			case 0:
				v := string(rapid.SliceOf(rapid.Byte()).Draw(rt, "text"))
				o.Text(name, v)
				want[name] = strings.ToValidUTF8(perByte(v), "\ufffd")
			case 1:
				v := rapid.Int64().Draw(rt, "int")
				o.Int(name, v)
				want[name] = v
			case 2:
				v := rapid.Float64().Draw(rt, "float")
				o.Float(name, v)
				want[name] = v
			default:
				v := rapid.Bool().Draw(rt, "bool")
				o.Bool(name, v)
				want[name] = v
			}
		}
		expected, err := json.Marshal(want)
		if err != nil {
			rt.Fatal(err)
		}
		var a, b map[string]any
		if err := json.Unmarshal(expected, &a); err != nil {
			rt.Fatal(err)
		}
		if err := json.Unmarshal(o.JSON(), &b); err != nil {
			rt.Fatalf("%s: %v", o.JSON(), err)
		}
		again, _ := json.Marshal(b)
		first, _ := json.Marshal(a)
		if string(first) != string(again) {
			rt.Fatalf("%s, want %s", again, first)
		}
	})
}

// perByte makes every byte that belongs to no rune a U+FFFD of its own.
func perByte(s string) string { return string([]rune(s)) }

func TestObject(t *testing.T) {
	var o Object
	if got := string(o.JSON()); got != "{}" {
		t.Errorf("an empty object is %s", got)
	}
	when := time.Date(2026, 1, 31, 10, 30, 0, 5, time.FixedZone("", 3600))
	o.Text("a\n", "\x00\"\\\r\t\xff").Uint("u", math.MaxUint64).Float("nan", math.NaN()).Float("inf", math.Inf(-1)).
		UUID("id", UUID{0xab, 15: 1}).Time("t", when).Null("n").Raw("r", []byte(`[1]`))
	want := `{"a\n":"\u0000\"\\\r\t` + "\ufffd" + `","u":18446744073709551615,"nan":null,"inf":null,` +
		`"id":"ab000000-0000-0000-0000-000000000001","t":"2026-01-31T09:30:00.000000005Z","n":null,"r":[1]}`
	for range 2 { // JSON does not end the object
		if got := string(o.JSON()); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
	o.Reset()
	if got := string(o.Int("x", -1).JSON()); got != `{"x":-1}` {
		t.Errorf("after Reset: %s", got)
	}
}

// TestFloat holds that floats look as encoding/json writes them, which other kits
// do, too.
func TestFloat(t *testing.T) {
	check := func(fail func(string, ...any), v float64) {
		want, err := json.Marshal(v)
		if err != nil {
			return // no number of JSON's
		}
		if got := string(appendFloat([]byte(`"`), v)); got != `"`+string(want) {
			fail("%s, want %s", got, want)
		}
	}
	for _, v := range []float64{0, math.Copysign(0, -1), 1e-6, 9.99e-7, -1e-7, 1.5e-10, 1e20, 1e21, -1e21, math.MaxFloat64, 5e-324} {
		check(t.Errorf, v)
	}
	rapid.Check(t, func(rt *rapid.T) { check(rt.Fatalf, rapid.Float64().Draw(rt, "float")) })
}
