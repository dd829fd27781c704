package http_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	webhook "github.com/refold-dev/refold/plugins/http"
)

// TestRequest is one, to the byte.
func TestRequest(t *testing.T) {
	r := newReceiver(t)
	headers := []webhook.Header{{Name: "x-source", Value: "refold"}, {Name: "User-Agent", Value: "stock/1"}}
	b := rows(`{"id":"a"}`)
	id := b.ID(&b.Effects[0]).String()
	const form = `{"id":"%s","pipeline":"stock","generation":1,"position":1,"ordinal":0,` +
		`"causation_id":"00000000-0000-0000-0000-000000000000","correlation_id":"00000000-0000-0000-0000-000000000000","time":"0001-01-01T00:00:00Z",` +
		`"kind":"insert","name":"accounts","body":{"id":"a"}}`
	text := fmt.Sprintf(form, id)
	for _, c := range []struct {
		cfg          webhook.Config
		method, body string
	}{
		{webhook.Config{}, "POST", text},
		{webhook.Config{Method: "PUT", Batch: 5}, "PUT", "[" + text + "]"},
	} {
		c.cfg.URL, c.cfg.Headers = r.URL+"/hook?to=me", headers
		if err := open(t, c.cfg).Execute(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		got := r.got()
		if len(got) != 1 || got[0].Method != c.method || got[0].RequestURI != "/hook?to=me" || string(got[0].body) != c.body {
			t.Fatalf("got %d requests, first %s %s with %q", len(got), got[0].Method, got[0].RequestURI, got[0].body)
		}
		want := http.Header{
			"Content-Length": {fmt.Sprint(len(c.body))}, "Content-Type": {"application/json"},
			"Idempotency-Key": {id}, "User-Agent": {"stock/1"}, "X-Source": {"refold"},
		}
		if diff := cmp.Diff(want, got[0].Header); diff != "" {
			t.Errorf("headers (-want +got):\n%s", diff)
		}
	}
}

// TestHowEffectsAreCut: whatever the size of an array, all effects are posted once
// and in order; the same effects in the same arrays come under the same keys, and
// others under others.
func TestHowEffectsAreCut(t *testing.T) {
	r := newReceiver(t)
	rapid.Check(t, func(rt *rapid.T) {
		size, n := rapid.IntRange(0, 5).Draw(rt, "batch"), rapid.IntRange(0, 12).Draw(rt, "effects")
		var bodies []string
		for i := range n {
			bodies = append(bodies, fmt.Sprintf(`{"id":"%d"}`, i))
		}
		b := rows(bodies...)
		b.Pipeline = rapid.StringN(1, 9, -1).Draw(rt, "pipeline")
		e := open(t, webhook.Config{URL: r.URL, Batch: size})
		var keys [2]string
		for round := range keys {
			if err := e.Execute(t.Context(), b); err != nil {
				rt.Fatal(err)
			}
			at := 0
			for _, q := range r.got() {
				keys[round] += q.Header.Get("Idempotency-Key") + " "
				for range max(size, 1) {
					if at == n {
						break
					}
					if !strings.Contains(string(q.body), b.ID(&b.Effects[at]).String()) {
						rt.Fatalf("the request %s lacks effect %d", q.body, at)
					}
					at++
				}
			}
			if at != n {
				rt.Fatalf("%d of %d effects have been posted", at, n)
			}
		}
		if keys[0] != keys[1] {
			rt.Fatalf("keys %s at first, %s again", keys[0], keys[1])
		}
		distinct := map[string]bool{}
		for _, key := range strings.Fields(keys[0]) {
			if distinct[key] {
				rt.Fatalf("key %s of two requests", key)
			}
			distinct[key] = true
		}
	})
}

// TestOneOfManyIsFound: of the effects in an array, those are condemned that the
// server refuses, one after the other, and the others are taken once and in order.
func TestOneOfManyIsFound(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := newReceiver(t)
		defer r.Close()
		r.refusal.Store(http.StatusBadRequest)
		bad := rapid.SliceOfN(rapid.Bool(), 1, 9).Draw(rt, "bad")
		var bodies []string
		var want string
		for i, refused := range bad {
			id := fmt.Sprint(i)
			if !refused {
				want += id + " "
			} else {
				id = "failing"
			}
			bodies = append(bodies, fmt.Sprintf(`{"id":%q}`, id))
		}
		e := open(t, webhook.Config{URL: r.URL, Batch: rapid.IntRange(1, 9).Draw(rt, "batch")})
		b := rows(bodies...)
		for err := e.Execute(t.Context(), b); err != nil; err = e.Execute(t.Context(), b) {
			var partial *effect.PartialError
			var poison *effect.PoisonError
			if !errors.As(err, &partial) || !errors.As(err, &poison) || partial.Cause != poison.Cause || !bad[poison.Cause-1] {
				rt.Fatalf("got error %v", err)
			}
			b.Effects = b.Effects[poison.Cause-b.Effects[0].Cause+1:]
		}
		if got := strings.Join(append(r.journal.Performed(t), ""), " "); got != want {
			rt.Errorf("performed %q, want %q", got, want)
		}
	})
}

func wantPoison(t *testing.T, err error, cause event.Position) {
	t.Helper()
	var poison *effect.PoisonError
	var partial *effect.PartialError
	if !errors.As(err, &poison) || poison.Cause != cause || !errors.As(err, &partial) || partial.Cause != cause {
		t.Errorf("got error %v, want one that condemns the effect of event %d", err, cause)
	}
}
