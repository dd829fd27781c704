package jsonl_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/jsonl"
	"github.com/refold-dev/refold/eventstore/memory"
)

const oneLine = `{"id":"01900000-0000-7000-8000-000000000001","aggregate_type":"compute_resource",` +
	`"aggregate_id":"01900000-0000-7000-8000-0000000000a0","type":"resource_registered","schema_version":1,` +
	`"time":"2026-01-31T09:30:00Z","correlation_id":"01900000-0000-7000-8000-0000000000c0","causation_id":null,` +
	`"data":{"hostname":"a.example.com","resource_type":"router"}}` + "\n"

func importFile(ctx context.Context, store eventstore.Log, file io.Reader) (report jsonl.Report, err error) {
	bulk, err := store.Bulk(ctx)
	if err != nil {
		return report, err
	}
	report, err = jsonl.Import(ctx, file, bulk, jsonl.Options{}) // plain or gzip
	return report, errors.Join(err, bulk.Close())
}

func Example() {
	ctx := context.Background()
	store := memory.New()
	report, err := importFile(ctx, store, strings.NewReader(oneLine))
	fmt.Println(report.Stored, "stored,", report.Duplicates, "there already,", err)

	var out bytes.Buffer
	count, err := jsonl.Export(ctx, store, &out, jsonl.ExportOptions{})
	fmt.Println(count, "exported,", out.String() == oneLine, err)

	report, err = importFile(ctx, store, &out) // again
	fmt.Println(report.Stored, "stored,", report.Duplicates, "there already,", err)
	// Output:
	// 1 stored, 0 there already, <nil>
	// 1 exported, true <nil>
	// 0 stored, 1 there already, <nil>
}
