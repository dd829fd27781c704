package aggregate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/aggregate"
)

func TestNewCodecRefusesBadTypes(t *testing.T) {
	type other struct{}
	tests := []struct {
		name      string
		aggregate string
		types     []aggregate.EventType[any]
		want      string
	}{
		{"aggregate name", "Account", nil, "aggregate type"},
		{"event name", "account", []aggregate.EventType[any]{{Name: "Deposited", Prototype: deposited{}}}, `"Deposited"`},
		{"no prototype", "account", []aggregate.EventType[any]{{Name: "deposited"}}, "must be a struct"},
		{"pointer", "account", []aggregate.EventType[any]{{Name: "deposited", Prototype: &deposited{}}}, "must be a struct"},
		{"name twice", "account", []aggregate.EventType[any]{{Name: "deposited", Prototype: deposited{}}, {Name: "deposited", Prototype: other{}}}, "twice"},
		{"Go type twice", "account", []aggregate.EventType[any]{{Name: "deposited", Prototype: deposited{}}, {Name: "paid", Prototype: deposited{}}}, "same Go type"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := aggregate.NewCodec(tt.aggregate, tt.types...)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want one about %s", err, tt.want)
			}
		})
	}
}

func TestEncodeReportsWhatJSONCannotHold(t *testing.T) {
	type odd struct{ C chan int }
	codec, err := aggregate.NewCodec("odd", aggregate.EventType[any]{Name: "happened", Prototype: odd{}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := codec.Encode(aggregate.Fact[any]{Header: header(1), Payload: odd{make(chan int)}}); err == nil {
		t.Error("a channel was encoded")
	}
}

func TestDecodeReversesEncode(t *testing.T) {
	def := accountDefinition(t)
	rapid.Check(t, func(t *rapid.T) {
		fact := aggregate.Fact[any]{Header: header(rapid.Byte().Draw(t, "n")), Payload: deposited{rapid.Int64().Draw(t, "cents")}}
		if rapid.Bool().Draw(t, "withdrawn") {
			fact.Payload = withdrawn(fact.Payload.(deposited))
		}
		if rapid.Bool().Draw(t, "caused") {
			fact.CausationID = uuid.NullUUID{UUID: numbered(5), Valid: true}
		}
		encoded, err := def.Encode(fact)
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := def.Decode(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fact, decoded); diff != "" {
			t.Fatalf("decoded (-want +got):\n%s", diff)
		}
	})
}

func TestSchemaVersionZeroIsReadAsOne(t *testing.T) {
	def := accountDefinition(t)
	e := header(1).Event("account", "deposited", 0, []byte(`{"cents":5}`))
	if got, err := def.Decode(e); err != nil || got.Payload != (deposited{5}) {
		t.Errorf("decoded = %v, %v, want a deposit of 5", got, err)
	}
}

func TestStampedEventsHaveIDsOfTheirOwnThatRepeat(t *testing.T) {
	twice := aggregate.Stamped(aggregate.Decider[account, transfer, any]{
		Decide: func(account, transfer) ([]any, error) { return []any{deposited{1}, deposited{2}, deposited{3}}, nil },
	})
	first, err := twice.Decide(account{}, order(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	again, err := twice.Decide(account{}, order(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("deciding again (-first +again):\n%s", diff)
	}
	seen := map[uuid.UUID]bool{}
	for _, f := range first {
		seen[f.EventID] = true
	}
	if len(seen) != 3 || first[0].EventID != numbered(1) {
		t.Errorf("event ids %v, want three, the command's first", seen)
	}
}

func TestEventTimesAreUTC(t *testing.T) {
	h := header(1)
	h.Time = h.Time.In(time.FixedZone("east", 3600))
	if got := h.Event("account", "deposited", 1, nil).Time; got != header(1).Time {
		t.Errorf("time = %s, want %s", got, header(1).Time)
	}
}
