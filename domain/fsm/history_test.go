package fsm_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/fsm"
)

type record = fsm.Record[string, string, int]

func at(second int) time.Time { return time.Date(2026, 1, 2, 3, 4, second, 0, time.UTC) }

func TestHistoryRecordsStepsAndIsUnchangedByRefusals(t *testing.T) {
	h := fsm.NewHistory(trafficLight(t), "red", 10)
	if got := h.Records(); len(got) != 0 || h.Current() != "red" {
		t.Fatalf("new history: %v in %s, want none in red", got, h.Current())
	}
	if out, err := h.Step("timer", at(1)); out != 20 || err != nil {
		t.Fatalf("first step = %d, %v, want 20", out, err)
	}
	if out, err := h.Step("failure", at(2)); out != 0 || err != nil {
		t.Fatalf("second step = %d, %v, want 0", out, err)
	}
	if _, err := h.Step("timer", at(3)); err == nil {
		t.Fatal("dark took the timer")
	}
	want := []record{
		{From: "red", Input: "timer", To: "green", Output: 20, Time: at(1)},
		{From: "green", Input: "failure", To: "dark", Output: 0, Time: at(2)},
	}
	if diff := cmp.Diff(want, h.Records()); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if h.Current() != "dark" {
		t.Errorf("current = %s, want dark", h.Current())
	}
}

func TestHistoryIsBounded(t *testing.T) {
	for _, limit := range []int{-1, 0, 1, 3, 7} {
		h := fsm.NewHistory(trafficLight(t), "red", limit)
		for i := range 7 {
			if _, err := h.Step("timer", at(i)); err != nil {
				t.Fatal(err)
			}
		}
		kept := h.Records()
		if want := max(limit, 0); len(kept) != want || h.Dropped() != 7-want {
			t.Errorf("limit %d: %d kept and %d dropped of 7", limit, len(kept), h.Dropped())
		}
		for i, r := range kept {
			if want := at(7 - len(kept) + i); !r.Time.Equal(want) {
				t.Errorf("limit %d: record %d is of %s, want %s", limit, i, r.Time, want)
			}
		}
	}
}

func TestRecordsAreACopy(t *testing.T) {
	h := fsm.NewHistory(trafficLight(t), "red", 2)
	if _, err := h.Step("timer", at(0)); err != nil {
		t.Fatal(err)
	}
	h.Records()[0].To = "blue"
	if got := h.Records()[0].To; got != "green" {
		t.Errorf("record leads to %s after a write to the copy, want green", got)
	}
}
