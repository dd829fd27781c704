package conformance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/refold-dev/refold/sdk/conformance"
)

// echo asks the guest that reads JSON and writes it again.
func echo(t *testing.T, i instance, text string) (answer string, ok bool) {
	t.Helper()
	got, err := i.Query(context.Background(), []byte(text))
	if err != nil {
		return "", false
	}
	inside, ok := strings.CutPrefix(strings.TrimSuffix(string(got), "]}"), `{"value":[`)
	return inside, ok
}

// TestJSON holds the JSON of kits for which it is all their own to that of Go.
func TestJSON(t *testing.T) {
	for _, kit := range []struct {
		name  string
		build func(testing.TB) string
	}{
		{"assemblyscript", func(t testing.TB) string {
			return conformance.BuildAssemblyScript(t, "../assemblyscript", "guests/assemblyscript/echo.ts")
		}},
		{"zig", func(t testing.TB) string { return conformance.BuildZig(t, "../zig", "guests/zig/echo.zig") }},
	} {
		t.Run(kit.name, func(t *testing.T) {
			t.Parallel()
			testJSON(t, load(t, kit.build(t)).start(t))
		})
	}
}

func testJSON(t *testing.T, i instance) {
	t.Run("floats", func(t *testing.T) { testFloats(t, i) })
	t.Run("decimals", func(t *testing.T) { testDecimals(t, i) })
	t.Run("values", func(t *testing.T) {
		for _, tt := range [][2]string{
			{` { "a" : [ true , false , null , { } , [ ] , "" ] , "b\n" : "x" } `, `{"a":[[true,false,null,{},[],""]],"b\n":["x"]}`},
			{`"größe ∅ 😀 \ud83d\ude00 \u00e9 \" \\ \/ \b\f\n\r\t\u0001"`, `"größe ∅ 😀 😀 é \" \\ / \u0008\u000c\n\r\t\u0001"`},
			{`"\ud800 \udc00\ud800"`, `"� ��"`},
			{strings.Repeat("[", 100) + strings.Repeat("]", 100), strings.Repeat("[", 100) + strings.Repeat("]", 100)},
		} {
			if got, ok := echo(t, i, tt[0]); got != tt[1] || !ok {
				t.Errorf("%s became %s, %v; want %s", tt[0], got, ok, tt[1])
			}
		}
	})
	t.Run("no JSON", func(t *testing.T) {
		for _, text := range []string{" ", "nul", "tru", "truex", "01", "-", "1.", "1e", "1e+", ".5", "+1", `"`, `"\x"`, `"\u12"`, "\"\n\"",
			"[", "[1", "[1,]", "[,]", "[1 2]", "{", `{"a"`, `{"a":`, `{"a":1`, `{"a":1,}`, "{a:1}", "{1:1}", "1 2", "[]]", strings.Repeat("[", 200)} {
			if got, ok := echo(t, i, text); ok {
				t.Errorf("%s is taken for JSON, %s", text, got)
			}
		}
	})
}

// testFloats has floats of all sizes written and read: each as encoding/json does.
func testFloats(t *testing.T, i instance) {
	random := rand.New(rand.NewPCG(1, 2))
	floats := []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 0.3, 1e-6, 9.99e-7, 1e20, 1e21, 1e22, 1e23, 5e-324, math.MaxFloat64,
		2.2250738585072014e-308, 2.225073858507201e-308, 9007199254740991, 9007199254740992, 9007199254740994, 123456789.125}
	for range 1500 {
		floats = append(floats, math.Float64frombits(random.Uint64()), random.NormFloat64(), float64(random.IntN(1e9))/1000)
	}
	for e := range 2047 { // powers of 2 have a nearer neighbour below
		floats = append(floats, math.Float64frombits(uint64(e)<<52))
	}
	for at := 0; at < len(floats); at += 100 {
		var list []float64
		for _, f := range floats[at:min(at+100, len(floats))] {
			if !math.IsNaN(f) && !math.IsInf(f, 0) {
				list = append(list, f)
			}
		}
		text, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := echo(t, i, string(text)); got != string(text) || !ok {
			t.Fatalf("%v\n%s became\n%s", ok, text, got)
		}
	}
}

// testDecimals has decimals of many digits read, those near the middle between two
// floats among them.
func testDecimals(t *testing.T, i instance) {
	texts := []string{"0.0", "-0.0e5", "1E400", "-1e400", "1e-400", "0.000000000000000000000000000000000000001", "100000000000000000000000",
		"9007199254740993", "9007199254740993.0", "9007199254740993.00000000000000000000000000000001",
		"2.4703282292062327e-324", "2.4703282292062328e-324", "1.7976931348623158e308", "1.7976931348623159e308", "1.5e+3",
		"9007199254740993." + strings.Repeat("0", 900) + "1", "0." + strings.Repeat("9", 900) + "e10"}
	random := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		f := math.Abs(math.Float64frombits(random.Uint64()))
		next := math.Nextafter(f, math.Inf(1))
		if math.IsNaN(f) || math.IsInf(next, 0) {
			continue
		}
		texts = append(texts, middle(f, next), fmt.Sprintf("%.30e", random.ExpFloat64()))
	}
	for _, text := range texts {
		f, err := strconv.ParseFloat(text, 64)
		want, _ := json.Marshal(f)
		if err != nil { // too large
			want = []byte("null")
		}
		if got, ok := echo(t, i, text); got != string(want) || !ok {
			t.Errorf("%s became %s, %v; want %s", text, got, ok, want)
		}
	}
}

// middle is the decimal that lies between two floats.
func middle(f, next float64) string {
	sum := new(big.Float).SetPrec(60).Add(big.NewFloat(f), big.NewFloat(next))
	half := sum.SetMode(big.ToNearestEven).Quo(sum, big.NewFloat(2))
	return strings.TrimRight(half.Text('e', 767), " ")
}
