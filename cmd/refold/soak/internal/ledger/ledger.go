// Package ledger is the projection of the soak: accounts, and a row for each of
// their entries. Rows are inserted, updated and deleted, states are removed and
// begin again.
package ledger

import refold "github.com/refold-dev/refold/sdk/go"

var (
	number = refold.IntField("n")
	amount = refold.IntField("amount")
	owner  = refold.StringField("owner")
)

// account is the state of one that is open.
type account struct {
	Balance int64  `json:"balance"`
	Entries int64  `json:"entries"`
	Owner   string `json:"owner"`
}

func init() {
	refold.Register(refold.Keyed[account]{
		Name:   "ledger",
		Key:    "account",
		Events: []string{"deposited", "withdrawn", "renamed", "closed"},
		Fold:   fold,
	})
}

func fold(a *account, e refold.Event, out *refold.Effects) error {
	fresh := *a == account{}
	switch e.Type() {
	case "closed":
		out.Delete("accounts", e.Key())
		out.RemoveState()
		return nil
	case "renamed":
		a.Owner = owner.Of(e)
	case "deposited":
		a.book(amount.Of(e), e, out)
	case "withdrawn":
		a.book(-amount.Of(e), e, out)
	}
	if row := out.Object(); fresh || e.Type() == "deposited" {
		out.Insert("accounts", row.Text("account", e.Key()).Int("balance", a.Balance).Int("entries", a.Entries).Text("owner", a.Owner).JSON())
	} else {
		out.Update("accounts", e.Key(), row.Int("balance", a.Balance).Int("entries", a.Entries).Text("owner", a.Owner).JSON())
	}
	return nil
}

func (a *account) book(change int64, e refold.Event, out *refold.Effects) {
	a.Balance += change
	a.Entries++
	out.Insert("entries", out.Object().Int("n", number.Of(e)).Text("account", e.Key()).Int("amount", change).Int("balance", a.Balance).JSON())
}
