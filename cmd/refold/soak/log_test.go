package soak

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
)

// tables is what a read model has: for each table its rows, as text, by key.
type tables struct{ Accounts, Entries []string }

// log is a log of accounts, as lines to import, and what has to become of it.
type log struct {
	lines [][]byte
	want  tables
}

type account struct {
	balance, entries int
	owner            string
}

// newLog makes up a log of n events. Each account is closed now and then, and some
// are opened again.
func newLog(n int) *log {
	random := rand.New(rand.NewPCG(uint64(n), 7))
	open := map[string]*account{}
	l := &log{}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		name := fmt.Sprintf("account-%04d", random.IntN(1+n/100))
		a := open[name]
		if a == nil {
			a = &account{}
			open[name] = a
		}
		kind, data, amount := "deposited", "", 1+random.IntN(1000)
		switch draw := random.IntN(100); {
		case draw < 30:
			kind, amount = "withdrawn", -amount
		case draw < 40:
			kind = "renamed"
			a.owner = fmt.Sprintf("owner %d's \"é\"", random.IntN(100))
			data = fmt.Sprintf(`,"owner":%q`, a.owner)
		case draw < 42:
			kind = "closed"
			delete(open, name)
		}
		if kind == "deposited" || kind == "withdrawn" {
			a.balance += amount
			a.entries++
			data = fmt.Sprintf(`,"amount":%d`, max(amount, -amount))
			l.want.Entries = append(l.want.Entries, fmt.Sprintf("%d %s %d %d", i, name, amount, a.balance))
		}
		id := func(what string) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceURL, []byte(what)) }
		l.lines = append(l.lines, fmt.Appendf(nil,
			`{"id":%q,"aggregate_type":"account","aggregate_id":%q,"type":%q,"time":%q,"correlation_id":%q,"causation_id":null,"data":{"account":%q,"n":%d%s}}`+"\n",
			id(fmt.Sprint("event ", i)), id(name), kind, start.Add(time.Duration(i)*time.Second).Format(time.RFC3339), id(name), name, i, data))
	}
	l.want.Accounts = rowsOf(open)
	return l
}

// text is the lines from one on, up to another.
func (l *log) text(from, to int) []byte { return bytes.Join(l.lines[from:to], nil) }
