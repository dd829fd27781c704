package aggregate_test

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/aggregate"
)

// An aggregate of one's own: what it remembers, what may be asked of it, what
// can happen to it.
type account struct{ cents int64 }

type transfer struct{ cents int64 } // negative: a withdrawal

type deposited struct {
	Cents int64 `json:"cents"`
}

type withdrawn struct {
	Cents int64 `json:"cents"`
}

var errNoFunds = errors.New("not enough money in the account")

func decide(a account, t transfer) ([]any, error) {
	switch {
	case t.cents >= 0:
		return []any{deposited{t.cents}}, nil
	case a.cents+t.cents < 0:
		return nil, errNoFunds
	}
	return []any{withdrawn{-t.cents}}, nil
}

func evolve(a account, happened any) account {
	switch e := happened.(type) {
	case deposited:
		a.cents += e.Cents
	case withdrawn:
		a.cents -= e.Cents
	}
	return a
}

func accounts() (aggregate.Definition[account, aggregate.Command[transfer], aggregate.Fact[any]], error) {
	codec, err := aggregate.NewCodec("account",
		aggregate.EventType[any]{Name: "deposited", Prototype: deposited{}},
		aggregate.EventType[any]{Name: "withdrawn", Prototype: withdrawn{}})
	return aggregate.Definition[account, aggregate.Command[transfer], aggregate.Fact[any]]{
		Type:  "account",
		Codec: codec,
		Decider: aggregate.Stamped(aggregate.Decider[account, transfer, any]{
			Initial: func(uuid.UUID) account { return account{} },
			Decide:  decide,
			Evolve:  evolve,
		}),
		StateCodec: accountState(), // if it is to have snapshots
	}, err
}

func accountState() aggregate.StateCodec[account] {
	return aggregate.StateCodec[account]{
		Revision: "1", // change it when evolve or these bytes change
		Encode:   func(a account) ([]byte, error) { return strconv.AppendInt(nil, a.cents, 10), nil },
		Decode: func(b []byte) (account, error) {
			cents, err := strconv.ParseInt(string(b), 10, 64)
			return account{cents}, err
		},
	}
}

func Example() {
	def, err := accounts()
	if err != nil {
		fmt.Println(err)
		return
	}
	id := uuid.MustParse("01900000-0000-7000-8000-00000000000a")
	instance := def.New(id)
	for i, cents := range []int64{500, -200, -400} {
		commit, err := def.Execute(instance, aggregate.Command[transfer]{
			Header: aggregate.Header{
				EventID:       uuid.MustParse(fmt.Sprintf("01900000-0000-7000-8000-0000000000%02d", i)),
				AggregateID:   id,
				Time:          time.Date(2026, 1, 31, 9, 30, i, 0, time.UTC),
				CorrelationID: id,
			},
			Body: transfer{cents},
		})
		if err != nil {
			fmt.Println("refused:", err)
			continue
		}
		for _, e := range commit.Events {
			fmt.Printf("append at version %s: %s %s\n", commit.Expected, e.Type, e.Data)
		}
		instance = commit.After
	}
	fmt.Printf("version %d: %d cents\n", instance.Version, instance.State.cents)
	// Output:
	// append at version 0: deposited {"cents":500}
	// append at version 1: withdrawn {"cents":200}
	// refused: not enough money in the account
	// version 2: 300 cents
}
