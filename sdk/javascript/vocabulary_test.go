package javascript_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/sdk/framejson"
)

// orders are the events that the vocabulary's tests fold.
var orders = []occurrence{
	{Type: "placed", Category: "order", Number: 1, Data: `{"customer":"ada","amount":5}`},
	{Type: "placed", Category: "order", Number: 2, Data: `{"customer":"bob","amount":7}`},
	{Type: "seen", Category: "page", Number: 1, Data: `{}`},
	{Type: "paid", Category: "order", Number: 1, Data: `{"customer":"ada","amount":5}`},
	{Type: "placed", Category: "order", Number: 3, Data: `{"customer":"ada","amount":1}`},
}

const (
	first  = "00000000-0000-0000-0000-000000000001"
	second = "00000000-0000-0000-0000-000000000002"
	third  = "00000000-0000-0000-0000-000000000003"
)

// TestVocabulary holds what KurrentDB's selectors, handlers and transformations
// mean here: what a resident projection answers to a query for everything, or
// the states of a keyed one, whatever the batches are.
func TestVocabulary(t *testing.T) {
	tests := []struct{ name, script, want string }{
		{"all", "fromAll().when({ $init: () => ({ n: 0 }), $any(s) { s.n++ } })", `{"n":5}`},
		{"by type", "fromAll().when({ $init: () => ({ n: 0 }), placed(s) { s.n++ }, paid(s) { s.n += 100 } })", `{"n":103}`},
		{"by type, as elsewhere", "fromStreams('$et-Placed', '$et-paid').when({ $init: () => ({ n: 0 }), Placed(s) { s.n++ }, PAID(s) { s.n += 100 } })", `{"n":103}`},
		{"category, as elsewhere", "fromCategories(['Order', 'PAGE']).when({ $init: () => ({ n: 0 }), $any(s) { s.n++ } })", `{"n":5}`},
		{"any for the others", "fromAll().when({ $init: () => ({ n: 0 }), placed(s) { s.n++ }, $any(s) { s.n += 100 } })", `{"n":203}`},
		{"state that is returned", "fromAll().when({ $init: () => 0, $any: (s) => s + 1 })", `5`},
		{"without $init", "fromAll().when({ placed(s, e) { s[e.data.customer] = true } })", `{"ada":true,"bob":true}`},
		{"null starts anew", "fromAll().when({ $init: () => ({ n: 0 }), placed(s) { s.n++ }, paid: () => null })", `{"n":1}`},
		{"nothing yet", "fromAll().when({ $init: () => ({ n: 0 }), shipped(s) { s.n++ } })", `null`},
		{"function of the old style", "fromAll().when({ $init: function () { return { n: 0 } }, $any: function (s, e) { s.n += 1 } })", `{"n":5}`},
		{"category", "fromCategory('order').when({ $init: () => ({ n: 0 }), $any(s) { s.n++ } })", `{"n":4}`},
		{"categories", "fromCategories(['order', 'page']).when({ $init: () => ({ n: 0 }), $any(s) { s.n++ } })", `{"n":5}`},
		{"stream", "fromStream('order-" + first + "').when({ $init: () => ({ n: 0 }), $any(s, e) { s.n++; s.last = e.sequenceNumber } })", `{"n":2,"last":1}`},
		{"streams", "fromStreams(['order-" + first + "', 'page-" + first + "']).when({ $init: () => [], $any(s, e) { s.push(e.eventType) } })", `["placed","seen","paid"]`},
		{"stream of a category", "fromStream('$ce-page').when({ $init: () => ({ n: 0 }), $any(s) { s.n++ } })", `{"n":1}`},
		{"streams of types", "fromStreams('$et-seen', '$et-paid').when({ $init: () => ({ n: 0 }), $any(s) { s.n++ } })", `{"n":2}`},
		{"for each stream", "fromCategory('order').foreachStream().when({ $init: () => ({ n: 0 }), $any(s, e) { s.n++; s.p = e.partition } })",
			`{"` + first + `":{"n":2,"p":"order-` + first + `"},"` + second + `":{"n":1,"p":"order-` + second + `"},"` + third + `":{"n":1,"p":"order-` + third + `"}}`},
		{"for each stream, in memory", "fromCategory('order').foreachStream().when({ $init: () => ({ n: 0 }), $any(s, e) { s.n++ } }).transformBy((s) => s.n)",
			`{"order-` + first + `":2,"order-` + second + `":1,"order-` + third + `":1}`},
		{"for each value", "fromAll().partitionBy((e) => e.data.customer).when({ $init: () => ({ n: 0 }), $any(s, e) { s.n++; s.p = e.partition } })",
			`{"ada":{"n":3,"p":"ada"},"bob":{"n":1,"p":"bob"}}`},
		{"for each number", "fromAll().partitionBy((e) => e.data.amount).when({ $init: () => ({ n: 0 }), $any(s, e) { s.n++ } })",
			`{"1":{"n":1},"5":{"n":2},"7":{"n":1}}`},
		{"created", "fromAll().partitionBy((e) => e.data.customer).when({ $init: () => ({}), $created(s, e) { s.by = e.eventType + e.sequenceNumber }, $any(s) { s.n = (s.n ?? 0) + 1 } })",
			`{"ada":{"by":"placed0","n":3},"bob":{"by":"placed0","n":1}}`},
		{"shared", "fromAll().partitionBy((e) => e.data.customer).when({ $init: () => ({ n: 0 }), $initShared: () => ({ all: 0 }), $any(s, e) { s[0].n++; s[1].all += e.data.amount; return s } })",
			`{"":{"all":18},"ada":{"n":3},"bob":{"n":1}}`},
		{"transformed", "fromAll().when({ $init: () => ({ n: 0 }), $any(s) { s.n++ } }).transformBy((s) => { s.n *= 2; return s }).transformBy((s) => ({ double: s.n })).outputState()", `{"double":10}`},
		{"filtered", "fromAll().partitionBy((e) => e.data.customer).when({ $init: () => ({ n: 0 }), $any(s) { s.n++ } }).filterBy((s) => s.n > 1).outputTo('out', 'out-{0}')", `{"ada":{"n":3},"bob":null}`},
		{"handlers one by one", "fromAll(); on_event('placed', (s) => ({ n: (s.n ?? 0) + 1 })); on_any((s) => { s.others = true })", `{"n":3}`},
		{"state transform", "fromAll().when({ $init: () => ({ n: 0 }), $any(s) { s.n++ } }).$defines_state_transform()", `{"n":5}`},
		{"options of the script's own", "var options = { by: 2 }; fromAll().when({ $init: () => ({ n: 0 }), $any(s) { s.n += options.by } })", `{"n":10}`},
		{"an event that is looked at", "fromStream('page-" + first + "').when({ $any(s, e) { return [Object.keys(e).length, 'data' in e, 'fields' in e, 'nothing' in e, Object.entries(e)[4][1]] } })",
			`[15,true,true,false,"page-` + first + `"]`},
		{"keyed", "options({ key: 'customer' }); fromCategory('order').when({ $init: () => ({ n: 0 }), placed(s, e) { s.n++; s.k = e.key } })", `{"ada":{"n":2,"k":"ada"},"bob":{"n":1,"k":"bob"}}`},
		{"deleted is never called", "fromAll().foreachStream().when({ $init: () => ({ n: 0 }), $deleted(s) { s.n = -1 }, seen(s) { s.n++ } })", `{"` + first + `":{"n":1}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { holds(t, tt.script, orders, tt.want) })
	}
}

// holds folds events in batches of all sizes, and compares what comes of it.
func holds(t *testing.T, script string, all []occurrence, want string) {
	t.Helper()
	p := load(t, script)
	for size := range len(all) {
		p.anew()
		for at := 0; at < len(all); at += size + 1 {
			p.must(p.wanted(all[at:min(at+size+1, len(all))])...)
		}
		if got := p.everything(); got != want {
			t.Errorf("in batches of %d it is\n%s\nwant\n%s", size+1, got, want)
		}
	}
}

// carts are events of streams with the names that they have elsewhere.
var carts = []occurrence{
	{Type: "item_added", Stream: "shoppingCart-42"},
	{Type: "item_added", Stream: "shoppingCart-7f"},
	{Type: "item_added", Stream: "shoppingCart-42"},
	{Type: "noted", Stream: "summary"},
	{Type: "item_added", Stream: "shoppingCart-0190ABCD-0000-7000-8000-000000000001"},
	{Type: "checked_out", Stream: "shoppingCart-42"},
	{Type: "paid", Stream: "order-0190abcd-0000-7000-8000-000000000002"},
}

// TestStreams holds that streams have the names that they have elsewhere, whatever
// is behind their dash.
func TestStreams(t *testing.T) {
	const count = "({ $init: () => ({ n: 0, of: [] }), $any(s, e) { s.n++; if (!s.of.includes(e.streamId)) s.of.push(e.streamId) } })"
	for _, tt := range []struct{ name, script, want string }{
		{"one", "fromStream('shoppingCart-42').when" + count, `{"n":3,"of":["shoppingCart-42"]}`},
		{"one, in snake_case, is another", "fromStream('shopping_cart-42').when" + count, `null`},
		{"without a dash", "fromStream('summary').when" + count, `{"n":1,"of":["summary"]}`},
		{"of a UUID", "fromStream('shopping_cart-0190abcd-0000-7000-8000-000000000001').when" + count, `{"n":1,"of":["shoppingCart-0190ABCD-0000-7000-8000-000000000001"]}`},
		{"several", "fromStreams('summary', 'shoppingCart-7f', 'order-0190ABCD-0000-7000-8000-000000000002').when" + count,
			`{"n":3,"of":["shoppingCart-7f","summary","order-0190abcd-0000-7000-8000-000000000002"]}`},
		{"with a category's and a type's", "fromStreams(['summary', '$ce-shoppingCart', '$et-Paid']).when" + count,
			`{"n":7,"of":["shoppingCart-42","shoppingCart-7f","summary","shoppingCart-0190ABCD-0000-7000-8000-000000000001","order-0190abcd-0000-7000-8000-000000000002"]}`},
		{"of a correlation", "fromStream('$bc-00000000-0000-0000-0000-000000000000').when({ $init: () => 0, $any: (s) => s + 1 })", `7`},
		{"category", "fromCategory('shoppingCart').when({ $init: () => ({}), $any(s, e) { s[e.category + '/' + e.aggregateType] = true } })", `{"shoppingCart/shopping_cart":true}`},
		{"for each", "fromCategory('shoppingCart').foreachStream().when({ $init: () => ({ n: 0 }), ItemAdded(s, e) { s.n++; s.p = e.partition } }).transformBy((s) => s)",
			`{"shoppingCart-0190ABCD-0000-7000-8000-000000000001":{"n":1,"p":"shoppingCart-0190ABCD-0000-7000-8000-000000000001"},"shoppingCart-42":{"n":2,"p":"shoppingCart-42"},"shoppingCart-7f":{"n":1,"p":"shoppingCart-7f"}}`},
		{"by a part of the name", "fromAll().partitionBy((e) => e.streamId.split('-')[0]).when({ $init: () => 0, $any: (s) => s + 1 })", `{"order":1,"shoppingCart":5,"summary":1}`},
	} {
		t.Run(tt.name, func(t *testing.T) { holds(t, tt.script, carts, tt.want) })
	}
}

// TestEventInState holds that an event in a keyed state is what its JSON is, also when
// both are folded in one batch.
func TestEventInState(t *testing.T) {
	const script = "fromAll().foreachStream().when({ $any(s, e) { return { before: s.last && [s.last.eventType, s.last.data.n, s.last.position ?? 'none', s.last.data === s.last.body], last: e } } })"
	holds(t, script, []occurrence{{Type: "a", Data: `{"n":1}`}, {Type: "b", Data: `{"n":2}`}, {Type: "c"}},
		`{"00000000-0000-0000-0000-000000000000":{"before":["b",2,"none",false],"last":{"partition":"thing-00000000-0000-0000-0000-000000000000",`+
			`"created":"2023-11-14T22:13:20.1234567Z","bodyRaw":"{}","metadataRaw":null,"streamId":"thing-00000000-0000-0000-0000-000000000000",`+
			`"eventId":"00000000-0000-0000-0000-000000000103","eventType":"c","linkMetadataRaw":null,"isJson":true,"category":"thing",`+
			`"sequenceNumber":2,"body":{},"data":{},"metadata":null,"linkMetadata":null}}}`)
}

// TestForeignStreams holds that a member "stream" of an event's metadata is a
// stream's name only if that is the event's aggregate.
func TestForeignStreams(t *testing.T) {
	for _, metadata := range []string{`{"stream":"order-2"}`, `{"stream":7}`, `{"stream":"Nö"}`, `{"of":{"stream":"x"}}`, `{"stream":null}`, `{"a":"\"stream\""}`} {
		p := load(t, "fromAll().when({ $any: (s, e) => [e.streamId, e.category] })")
		batch := p.batch([]occurrence{{Type: "a", Category: "order", Number: 1}})
		text := framejson.Text(metadata)
		batch.Groups[0].Events[0].Metadata = &text
		p.mustBatch(batch)
		if got, want := p.query(""), `["order-`+first+`","order"]`; got != want {
			t.Errorf("with %s it is %s, want %s", metadata, got, want)
		}
	}
}

// TestStreamsAsInTheLog holds that a script and the log make the same aggregate of a
// stream's name.
func TestStreamsAsInTheLog(t *testing.T) {
	var names []string
	for i := range 150 {
		names = append(names, streamName.Example(i))
	}
	list, err := json.Marshal(names)
	if err != nil {
		t.Fatal(err)
	}
	p := load(t, "fromAll().when({ $init: () => [], $any(s, e) { s.push(e.streamId) } })")
	q := load(t, "fromStreams("+string(list)+").when({ $init: () => 0, $any: (s) => s + 1 })")
	for _, name := range names {
		p.must(occurrence{Type: "a", Stream: name})
		q.must(occurrence{Type: "a", Stream: name})
	}
	if got := p.query(""); got != string(list) {
		t.Errorf("the streams are\n%s\nwant\n%s", got, list)
	}
	if got := q.query(""); got != "150" {
		t.Errorf("%s of 150 events are of these streams", got)
	}
}

// streamName draws names that need no escape in JSON, of all lengths of SHA-1's last
// block.
var streamName = rapid.StringMatching(`[A-Za-z_][A-Za-z0-9_.]{0,12}(-[A-Za-z0-9äß€😀 :$./_-]{0,80})?`)

// wanted are the events that the manifest names, as the engine selects them.
func (p *projection) wanted(all []occurrence) (list []occurrence) {
	self := p.module.Manifest()
	for _, o := range all {
		named := len(self.Events) == 0 || strings.Contains(" "+strings.Join(self.Events, " ")+" ", " "+o.Type+" ")
		if named && (self.Key == "" || fieldOf(o, self.Key) != nil) {
			list = append(list, o)
		}
	}
	return list
}

// everything is the projection's state as JSON.
func (p *projection) everything() string {
	if p.module.Manifest().State == "resident" {
		return p.query("")
	}
	var members []string
	for _, key := range sortedKeys(p.states) {
		members = append(members, `"`+key+`":`+p.states[key])
	}
	return "{" + strings.Join(members, ",") + "}"
}

// TestOnePartition holds that a query by name answers with one partition.
func TestOnePartition(t *testing.T) {
	p := load(t, "fromAll().partitionBy((e) => e.data.customer).when({ $init: () => ({ n: 0 }), $any(s) { s.n++ } })").must(orders...)
	if got := p.query("ada"); got != `{"n":3}` {
		t.Errorf("ada is %s", got)
	}
	if got := p.query("nobody"); got != "" {
		t.Errorf("nobody is %s, want no answer", got)
	}
}

// TestLog holds that log writes to the plugin's log, not into the output.
func TestLog(t *testing.T) {
	p := load(t, "fromAll().when({ $any(s, e) { log('saw', e.data, 1, null); console.warn(JSON.stringify(e)) } })").must(orders[0])
	if len(p.effects) > 0 {
		t.Errorf("effects are %v", p.effects)
	}
	for _, want := range []string{`level=INFO msg="saw {\"customer\":\"ada\",\"amount\":5} 1 null"`, `level=WARN msg="{\"partition\":\"\",`, `\"streamId\":\"order-` + first} {
		if !strings.Contains(logged.String(), want) {
			t.Errorf("the log lacks %s:\n%s", want, logged.String())
		}
	}
}

// TestPrecision holds that integers stay exact: beyond what a number holds, they
// are BigInts.
func TestPrecision(t *testing.T) {
	p := load(t, `options({ fields: { n: "i64" } }); fromAll().when({ $any(s, e) { effects.insert(typeof e.fields.n, { n: e.fields.n }) } })`)
	batch := p.batch([]occurrence{{Type: "a"}, {Type: "a"}, {Type: "a"}})
	for i, n := range []string{"9007199254740991", "9007199254740992", "-9223372036854775808"} {
		batch.Groups[0].Events[i].Slots[0].Kind, batch.Groups[0].Events[i].Slots[0].Value = "i64", []byte(n)
	}
	p.mustBatch(batch)
	want := []string{`1 number  {"n":9007199254740991}`, `1 bigint  {"n":9007199254740992}`, `1 bigint  {"n":-9223372036854775808}`}
	if diff := cmp.Diff(want, p.effects); diff != "" {
		t.Error(diff)
	}
}

// TestCreated holds when an event was written, as text, to Go's own.
func TestCreated(t *testing.T) {
	p := load(t, `fromAll().when({ $any(s, e) { return { is: e.created } } })`)
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{
			0, -1, 99, -100, math.MinInt64, math.MaxInt64,
			time.Date(2000, 2, 29, 23, 59, 59, 999_999_999, time.UTC).UnixNano(), time.Date(1900, 3, 1, 0, 0, 0, 0, time.UTC).UnixNano(),
			time.Date(1899, 12, 31, 23, 59, 59, 999_999_900, time.UTC).UnixNano(), time.Date(2100, 2, 28, 12, 0, 0, 0, time.UTC).UnixNano(),
		})).Draw(t, "nanoseconds")
		batch := p.batch([]occurrence{{Type: "a"}})
		batch.Groups[0].Events[0].Time = at
		p.mustBatch(batch)
		if got, want := p.query(""), time.Unix(0, at).UTC().Format(`{"is":"2006-01-02T15:04:05.0000000Z"}`); got != want {
			t.Fatalf("%d is %s, want %s", at, got, want)
		}
	})
}

// TestTypesAreInSnakeCase: a script names types as it is used to, and what comes of it
// has the log's name.
func TestTypesAreInSnakeCase(t *testing.T) {
	for name, want := range map[string]string{
		"ItemAdded": "item_added", "item-added": "item_added", "Shop.ItemAdded": "shop_item_added", "HTTPServerStarted": "http_server_started",
		"orderV2Placed": "order_v2_placed", "already_so": "already_so",
	} {
		p := load(t, "fromAll().when({ $any(s, e) { emit('out', '"+name+"', {}) } })").must(orders[0])
		if len(p.effects) != 1 || !strings.Contains(p.effects[0], want) {
			t.Errorf("%s: the effects are %v, want an event of the type %s", name, p.effects, want)
		}
	}
}
