package collect_test

import (
	"context"
	"fmt"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/plugins/collect"
	"github.com/refold-dev/refold/plugins/filter"
)

// A program that embeds the engine returns warnings from Options.OpenExecutor;
// here the batch is made by hand.
func ExampleExecutor() {
	collector := collect.New(collect.Options{Limit: 100})
	warnings := filter.New(collector, filter.Rule{Kinds: []effect.Kind{effect.Log}, Level: effect.Warn})

	err := warnings.Execute(context.Background(), effect.Batch{
		Pipeline: "stock", Generation: 1, Through: 7,
		Effects: []effect.Effect{
			{Kind: effect.Insert, Cause: 6, Name: "items", Body: []byte(`{"id":"bolt","n":3}`)},
			{Kind: effect.Log, Cause: 6, Ordinal: 1, Level: effect.Info, Body: []byte("sold")},
			{Kind: effect.Log, Cause: 7, Level: effect.Warn, Body: []byte("low stock")},
		},
	})
	fmt.Println(err, warnings.Dropped())

	for _, f := range collector.Take() {
		fmt.Println(f.Pipeline, f.Cause, f.Level, string(f.Body))
	}
	fmt.Println(len(collector.Take()))
	// Output:
	// <nil> 2
	// stock 7 warn low stock
	// 0
}
