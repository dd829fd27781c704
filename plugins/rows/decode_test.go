package rows

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// plain is a dialect that bounds nothing and takes what Go has, but for times,
// which it keeps to the microsecond.
var plain = Dialect{
	TableName: 63, Columns: 2000, KeyColumns: 2000, Prefix: "sqlite_",
	Boolean: func(b bool) any { return b },
	Time: func(at time.Time) (any, bool) {
		return at.Format("2006-01-02T15:04:05.000000Z"), at.Nanosecond()%1000 == 0
	},
}

// allKinds has a column of each type, named after it.
func allKinds() *Writes {
	t := Table{Name: "things", PrimaryKey: []string{"text"}}
	for _, typ := range Types() {
		t.Columns = append(t.Columns, Column{Name: string(typ), Type: typ})
	}
	return newWrites(t)
}

func TestInsertDecodes(t *testing.T) {
	for _, c := range []struct {
		body string
		want any // the value of the column that body names beside the key
	}{
		{`{"text":"k","integer":9223372036854775807}`, int64(9223372036854775807)},
		{`{"text":"k","integer":-9223372036854775808}`, int64(-9223372036854775808)},
		{`{"text":"k","integer":9007199254740993}`, int64(9007199254740993)},
		{`{"text":"k","integer":-0}`, int64(0)},
		{`{"text":"k","integer":null}`, nil},
		{`{"text":"k","real":0.1}`, 0.1},
		{`{"text":"k","real":3}`, 3.0},
		{`{"text":"k","real":-0.0}`, 0.0},
		{`{"text":"k","real":1.7976931348623157e308}`, 1.7976931348623157e308},
		{`{"text":"k","boolean":true}`, true},
		{`{"text":"k","boolean":false}`, false},
		{`{"text":"k","blob":"AP8="}`, []byte{0, 255}},
		{`{"text":"k","blob":""}`, []byte{}},
		{`{"text":"k","json": {"a" : [1.50, 12345678901234567890, "\u0041\u0001", null]} }`, `{"a":[1.50,12345678901234567890,"\u0041\u0001",null]}`},
		{`{"text":"k","json":"a\u0001\"b"}`, `"a\u0001\"b"`},
		{`{"text":"k","json":false}`, `false`},
		{`{"text":"k","json":null}`, nil},
		{`{"text":"k","time":"2024-02-29T23:30:00.5-01:00"}`, "2024-03-01T00:30:00.500000Z"},
		{`{"text":"k","time":"2024-02-29T23:30:00.123456789Z"}`, "2024-02-29T23:30:00.123456Z"},
		{`{"text":"k","time":"2024-02-29T23:30:00Z"}`, "2024-02-29T23:30:00.000000Z"},
	} {
		tab := allKinds()
		r := new(decoder).newRow(tab)
		checkPlain(t, tab, []byte(c.body))
		if err := (&decoder{dialect: &plain}).insert(tab, []byte(c.body), r); err != nil {
			t.Errorf("%s: %v", c.body, err)
			continue
		}
		want := Row{"k", nil, nil, nil, nil, nil, nil}
		for name, i := range tab.place {
			if strings.Contains(c.body, `"`+name+`":`) && name != "text" {
				want[i] = c.want
			}
		}
		if diff := cmp.Diff(want, r); diff != "" {
			t.Errorf("%s:\n%s", c.body, diff)
		}
	}
}

func TestTextDecodes(t *testing.T) {
	for body, want := range map[string]string{
		`{"text":""}`:                        "",
		`{"text":"\u0000"}`:                  "\x00",
		`{"text":"Grüße \ud83d\ude00 \/"}`:   "Grüße 😀 /",
		`{"te\u0078t":"\"\\\b\f\n\r\t"}`:     "\"\\\b\f\n\r\t",
		`{"text":"\\ud800 is no surrogate"}`: `\ud800 is no surrogate`,
	} {
		tab := allKinds()
		r := new(decoder).newRow(tab)
		if err := (&decoder{dialect: &plain}).insert(tab, []byte(body), r); err != nil {
			t.Errorf("%s: %v", body, err)
		} else if r[0] != want {
			t.Errorf("%s: got %q, want %q", body, r[0], want)
		}
	}
}

func TestInsertRefuses(t *testing.T) {
	deep := strings.Repeat("[", 100_000)
	for _, c := range []struct{ body, column, reason string }{
		{``, "", "is not JSON"},
		{`{"text":"k"} {}`, "", "is not JSON"},
		{`{"text":"k",}`, "", "is not JSON"},
		{`{"text":"a` + "\n" + `"}`, "", "is not JSON"},
		{`{"text":"\x41"}`, "", "is not JSON"},
		{`{"text":"k","real":nan}`, "", "is not JSON"},
		{`{"text":"k","real":01}`, "", "is not JSON"},
		{`{"text":"k","json":` + deep, "", "is not JSON"},
		{"{\"text\":\"\xff\"}", "", "not valid UTF-8"},
		{`{"text":"\ud800"}`, "", "surrogate"},
		{`{"text":"\ud800\u0041"}`, "", "surrogate"},
		{`{"text":"\udc00\ud800"}`, "", "surrogate"},
		{`"text"`, "", "JSON type string, not an object"},
		{`{"text":1}`, "text", "JSON type number, which does not fit text"},
		{`{"text":null}`, "text", "part of the primary key, and null"},
		{`{"integer":1}`, "text", "part of the primary key, and missing"},
		{`{"text":"k","Text":"k"}`, "Text", "is not declared"},
		{`{"text":"k","text":"k"}`, "text", "named twice"},
		{`{"text":"k","integer":1,"integer":null}`, "integer", "named twice"},
		{`{"text":"k","integer":9223372036854775808}`, "integer", "out of the range"},
		{`{"text":"k","integer":1.0}`, "integer", "is not an integer"},
		{`{"text":"k","integer":1e3}`, "integer", "is not an integer"},
		{`{"text":"k","integer":"1"}`, "integer", "does not fit integer"},
		{`{"text":"k","real":1e999}`, "real", "out of the range"},
		{`{"text":"k","boolean":1}`, "boolean", "does not fit boolean"},
		{`{"text":"k","boolean":"true"}`, "boolean", "does not fit boolean"},
		{`{"text":"k","integer":true}`, "integer", "JSON type boolean, which does not fit integer"},
		{`{"text":"k","blob":"AP9="}`, "blob", "base64"},
		{`{"text":"k","blob":"A\nP8="}`, "blob", "base64"},
		{`{"text":"k","time":"2024-02-30T00:00:00Z"}`, "time", "RFC 3339"},
		{`{"text":"k","time":"9999-12-31T23:59:59-01:00"}`, "time", "out of the years"},
	} {
		tab := allKinds()
		checkPlain(t, tab, []byte(c.body))
		err := (&decoder{dialect: &plain}).insert(tab, []byte(c.body), new(decoder).newRow(tab))
		if err == nil || err.Column != c.column || !strings.Contains(err.Reason, c.reason) {
			t.Errorf("%.80s: got error %v, want one about column %q with %q", c.body, err, c.column, c.reason)
		}
	}
}

func TestKeys(t *testing.T) {
	columns := []Column{{"t", Text}, {"i", Integer}, {"b", Boolean}, {"x", Blob}, {"at", Time}}
	for _, c := range []struct {
		columns []string
		key     string
		want    Row // of the key's columns; nil if the key is refused
	}{
		{[]string{"t"}, `a"b`, Row{`a"b`}},
		{[]string{"t"}, ``, Row{``}},
		{[]string{"t"}, "\xff", nil},
		{[]string{"i"}, `-7`, Row{int64(-7)}},
		{[]string{"i"}, `7.0`, nil},
		{[]string{"i"}, ``, nil},
		{[]string{"b"}, `true`, Row{true}},
		{[]string{"b"}, `1`, nil},
		{[]string{"x"}, `AP8=`, Row{[]byte{0, 255}}},
		{[]string{"at"}, `2024-01-01T01:00:00+01:00`, Row{"2024-01-01T00:00:00.000000Z"}},
		{[]string{"at"}, `2024-01-01T00:00:00.0000001Z`, nil},
		{[]string{"at", "i"}, `["2024-01-01T00:00:00.0000001Z",1]`, nil},
		{[]string{"i", "t"}, `[1, "a"]`, Row{int64(1), "a"}},
		{[]string{"i", "t"}, `["1","a"]`, nil},
		{[]string{"i", "t"}, `[1,null]`, nil},
		{[]string{"i", "t"}, `[1]`, nil},
		{[]string{"i", "t"}, `{"i":1,"t":"a"}`, nil},
		{[]string{"i", "t"}, `[1,"a"`, nil},
	} {
		tab := newWrites(Table{Name: "things", Columns: columns, PrimaryKey: c.columns})
		r := new(decoder).newRow(tab)
		var got Row
		if err := (&decoder{dialect: &plain}).key(tab, c.key, r); err == nil {
			for _, i := range tab.Key {
				got = append(got, r[i])
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("key (%v) %s:\n%s", c.columns, c.key, diff)
		}
	}
}

// checkPlain holds a body that is read in one pass to what a parser makes of it.
func checkPlain(t *testing.T, tab *Writes, body []byte) {
	t.Helper()
	d := &decoder{dialect: &plain}
	got, want := d.newRow(tab), d.newRow(tab)
	if !d.plain(tab, body, got) {
		return
	}
	if err := d.parsed(tab, body, want); err != nil {
		t.Errorf("%q was taken, but %v", body, err)
	} else if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%q:\n%s", body, diff)
	}
}

// FuzzInsert holds the decoder to encoding/json: what it takes is JSON, and
// the text and integers are the same.
func FuzzInsert(f *testing.F) {
	f.Add([]byte(`{"text":"k","integer":12,"real":0.5,"boolean":true,"blob":"AP8=","json":{"a":[1]},"time":"2024-01-01T00:00:00Z"}`))
	f.Add([]byte(`{"text":"\ud83d\ude00\n","json":"\u0001"}`))
	f.Add([]byte(`{"text":"\ud800","integer":1e3}`))
	f.Add([]byte(`{"text":"Grüße","integer":-12,"real":-1.5E+3,"boolean":null,"blob":"","time":"2024-01-01T00:00:00Z"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		tab := allKinds()
		checkPlain(t, tab, body)
		r := new(decoder).newRow(tab)
		if err := (&decoder{dialect: &plain}).insert(tab, body, r); err != nil {
			return
		}
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		var want map[string]any
		if err := d.Decode(&want); err != nil {
			t.Fatalf("%q was taken, but is not JSON: %v", body, err)
		}
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			t.Fatalf("%q was taken, but has more than one value", body)
		}
		if r[tab.place["text"]] != want["text"] {
			t.Errorf("%q: text is %q, want %q", body, r[tab.place["text"]], want["text"])
		}
		if n, ok := want["integer"].(json.Number); ok {
			if exact, err := n.Int64(); err != nil || r[tab.place["integer"]] != exact {
				t.Errorf("%q: integer is %v, want %s", body, r[tab.place["integer"]], n)
			}
		}
		if text, ok := r[tab.place["json"]].(string); ok && !json.Valid([]byte(text)) {
			t.Errorf("%q: the json column is not JSON: %q", body, text)
		}
	})
}

// FuzzKey feeds keys to tables of one and of several key columns.
func FuzzKey(f *testing.F) {
	f.Add("a")
	f.Add(`["a",1]`)
	f.Add(`[`)
	one := newWrites(Table{Columns: []Column{{"t", Text}, {"i", Integer}}, PrimaryKey: []string{"i"}})
	two := newWrites(Table{Columns: []Column{{"t", Text}, {"i", Integer}}, PrimaryKey: []string{"t", "i"}})
	f.Fuzz(func(t *testing.T, key string) {
		for _, tab := range []*Writes{one, two} {
			r := new(decoder).newRow(tab)
			if err := (&decoder{dialect: &plain}).key(tab, key, r); err != nil {
				continue
			}
			for _, i := range tab.Key {
				if r[i] == nil || r[i] == (Unset{}) {
					t.Errorf("key %q left column %d without a value", key, i)
				}
			}
		}
	})
}
