package archive

import (
	"slices"

	"github.com/refold-dev/refold/domain/event"
)

// agreePages reads in pages of few and of many events, of all types and of some, in
// memory that is used again, and compares with the log.
func agreePages(t fataler, a *Archive, log sliceLog) {
	t.Helper()
	var page event.Page
	for _, limit := range []int{1, 5, len(log) + 1} {
		for _, types := range [][]string{nil, {"removed"}, {"created", "touched"}, {"none"}} {
			for _, from := range []event.Position{0, 1, event.Position(len(log) / 2)} {
				if from <= event.Position(len(log)) {
					agreePagesFrom(t, a, log, &page, from, limit, types)
				}
			}
		}
	}
}

func agreePagesFrom(t fataler, a *Archive, log sliceLog, page *event.Page, from event.Position, limit int, types []string) {
	t.Helper()
	wanted := func(r *event.Recorded) bool { return len(types) == 0 || slices.Contains(types, r.Type) }
	for after := from; ; after = page.Through {
		if err := a.ReadPage(page, after, limit, types...); err != nil {
			t.Fatalf("a page behind position %d: %v", after, err)
		}
		if page.Through == after {
			if int(after) != len(log) || len(page.Events) > 0 {
				t.Fatalf("the pages end at position %d of %d, with %d events", after, len(log), len(page.Events))
			}
			return
		}
		stretch := log[after:page.Through]
		for i := range page.Events { // beside what is wanted, a block has what it has
			if d := diff(stretch.where(func(r *event.Recorded) bool { return r.Position == page.Events[i].Position }), page.Events[i:i+1]); d != "" {
				t.Fatalf("a page from %d through %d:\n%s", after, page.Through, d)
			}
		}
		positions := func(list []event.Recorded) (all []event.Position) {
			for i := range list {
				if wanted(&list[i]) {
					all = append(all, list[i].Position)
				}
			}
			return all
		}
		if want, got := positions(stretch), positions(page.Events); !slices.Equal(want, got) {
			t.Fatalf("of the types %v, a page from %d through %d has the positions %v, want %v", types, after, page.Through, got, want)
		}
	}
}
