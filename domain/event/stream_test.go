package event_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// TestParseStream: what a name is is for ever.
func TestParseStream(t *testing.T) {
	id := uuid.MustParse("0190abcd-0000-7000-8000-0000000000a0")
	named := func(name string) uuid.UUID {
		return uuid.NewSHA1(uuid.MustParse("9d7c8e0a-6d5b-4f3e-8f0b-3f1f9a2b6c54"), []byte(name))
	}
	for name, want := range map[string]event.Aggregate{
		"order-" + id.String():                  {Type: "order", ID: id},
		"order-" + strings.ToUpper(id.String()): {Type: "order", ID: id},
		"shoppingCart-" + id.String():           {Type: "shopping_cart", ID: id},
		"order-7":                               {Type: "order", ID: named("order-7")},
		"order-7-a":                             {Type: "order", ID: named("order-7-a")},
		"Order-7":                               {Type: "order", ID: named("Order-7")},
		"order":                                 {Type: "order", ID: named("order")},
		"Shop.HTTPOrder-é":                      {Type: "shop_http_order", ID: named("Shop.HTTPOrder-é")},
		"order-{" + id.String() + "}":           {Type: "order", ID: named("order-{" + id.String() + "}")},
		"order-" + strings.ReplaceAll(id.String(), "-", ""):         {Type: "order", ID: named("order-" + strings.ReplaceAll(id.String(), "-", ""))},
		"a-" + strings.Repeat("x", event.MaxStreamLength-len("a-")): {Type: "a", ID: named("a-" + strings.Repeat("x", event.MaxStreamLength-len("a-")))},
	} {
		got, err := event.ParseStream(name)
		if err != nil || got.Aggregate != want || got.Name != name {
			t.Errorf("%s is %+v, %v; want %s", name, got, err, want)
		}
		if plain := name == "order-"+id.String(); got.IsPlain() != plain {
			t.Errorf("%s is plain: %v", name, !plain)
		}
	}
	if shelf, _ := event.ParseStream("shelf-7"); shelf.Aggregate.String() != "shelf/6ef76480-876d-5a43-b408-b92c34350eae" {
		t.Errorf("shelf-7 is %s", shelf.Aggregate)
	}
	for _, name := range []string{"", "-" + id.String(), "an order-1", "2nd-1", "$ce-order", "é-1", "a-\xff", strings.Repeat("a", event.MaxStreamLength+1), strings.Repeat("a", 129) + "-1"} {
		if got, err := event.ParseStream(name); err == nil {
			t.Errorf("%q is %s", name, got.Aggregate)
		}
	}
}

func TestTypeNameOf(t *testing.T) {
	for name, want := range map[string]string{
		"item_added": "item_added", "ItemAdded": "item_added", "itemAdded": "item_added", "item-added": "item_added", "Shop.ItemAdded": "shop_item_added",
		"HTTPServerStarted": "http_server_started", "orderV2Placed": "order_v2_placed", "a--b": "a_b", "ABC": "abc", "a.B": "a_b", "aB1C": "a_b1_c",
	} {
		if got, err := event.TypeNameOf(name); got != want || err != nil {
			t.Errorf("%s is %s, %v; want %s", name, got, err, want)
		}
	}
	for _, name := range []string{"", "2nd", "item added", "é", "a/b", strings.Repeat("A", 129)} {
		if got, err := event.TypeNameOf(name); err == nil {
			t.Errorf("%q is %s", name, got)
		}
	}
}

// TestStreamOfALine: an event may be about a stream, by name, and its metadata keep
// the name.
func TestStreamOfALine(t *testing.T) {
	const about = `"aggregate_type":"file","aggregate_id":"00000002-0000-7000-8000-000000000001",`
	for _, c := range []struct{ stream, metadata, want, reason string }{
		{stream: `"shelf-7"`, want: `{"stream":"shelf-7"}`},
		{stream: `"shelf-7"`, metadata: `null`, want: `{"stream":"shelf-7"}`},
		{stream: `"shelf-7"`, metadata: ` { } `, want: `{"stream":"shelf-7"}`},
		{stream: `"shelf-7"`, metadata: ` {"by": 1.0}`, want: `{"stream":"shelf-7","by": 1.0}`},
		{stream: `"shelf-7"`, metadata: `{"by":1,"stream":"shelf-7"}`, want: `{"by":1,"stream":"shelf-7"}`},
		{stream: `"shelf-00000002-0000-7000-8000-000000000001"`, metadata: `{"stream":"mine"}`, want: `{"stream":"mine"}`},
		{stream: `"shelf-7"`, metadata: `{"stream":"mine"}`, reason: `field "metadata": has a member "stream" already`},
		{stream: `"shelf-7"`, metadata: `{"stream":7}`, reason: `field "metadata": has a member "stream" already`},
		{stream: `"shelf-7"`, metadata: `[]`, reason: `field "metadata": must be a JSON object`},
		{stream: `"2nd-7"`, reason: `field "stream": the stream "2nd-7" must begin with an aggregate's type and a dash, such as order-1`},
		{stream: `"shelf-00000000-0000-0000-0000-000000000000"`, reason: `field "aggregate_id": must be a UUID other than the nil UUID`},
		{stream: `7`, reason: `field "stream": must not be a JSON number`},
		{stream: `"shelf-7","aggregate_type":"shelf"`, reason: `field "stream": stands in place of aggregate_type and aggregate_id`},
	} {
		text := strings.Replace(line, about, `"stream":`+c.stream+",", 1)
		if c.metadata != "" {
			text = strings.Replace(text, `"data":`, `"metadata":`+c.metadata+`,"data":`, 1)
		}
		e, err := event.ParseJSON([]byte(text))
		var field *event.FieldError
		switch {
		case c.reason != "":
			if err == nil || !strings.Contains(err.Error(), c.reason) || !errors.As(err, &field) {
				t.Errorf("%s: error is %v, want %s", text, err, c.reason)
			}
		case err != nil || string(e.Metadata) != c.want || e.Aggregate.Type != "shelf":
			t.Errorf("%s is of %s with %s, %v; want %s", text, e.Aggregate, e.Metadata, err, c.want)
		}
	}
}

// FuzzStream: the name of any stream is an error, or an aggregate that can be, whose
// metadata are JSON and keep the name, whatever else they have.
func FuzzStream(f *testing.F) {
	for _, name := range []string{"", "order-7", "shoppingCart-0190abcd-0000-7000-8000-0000000000a0", "a-\"\\\n", "$ce-x", "a"} {
		f.Add(name, `{"a":1}`)
		f.Add(name, ` {"stream": "order-7" } `)
	}
	f.Fuzz(func(t *testing.T, name, metadata string) {
		s, err := event.ParseStream(name)
		if err != nil {
			return
		}
		if err := event.ValidateTypeName(s.Aggregate.Type); err != nil {
			t.Errorf("%q has the type %v", name, err)
		}
		if event.ValidateObject([]byte(metadata)) != nil {
			return
		}
		out, err := s.Metadata([]byte(metadata))
		if err != nil || s.IsPlain() {
			return
		}
		members := map[string]any{}
		if err := json.Unmarshal(out, &members); err != nil || members["stream"] != name {
			t.Errorf("%q with %s are %s, %v", name, metadata, out, err)
		}
	})
}
