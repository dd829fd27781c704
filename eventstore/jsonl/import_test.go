package jsonl_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/jsonl"
	"github.com/refold-dev/refold/eventstore/memory"
)

// line is the n-th event's line, without its end.
func line(n int) string {
	id := uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, n))
	agg := uuid.NewSHA1(uuid.NameSpaceURL, fmt.Append(nil, n%3))
	return fmt.Sprintf(`{"id":"%s","aggregate_type":"repo","aggregate_id":"%s","type":"commit_made","schema_version":1,"time":"2026-01-01T00:00:%02dZ","correlation_id":"%s","causation_id":null,"data":{"n":%d}}`,
		id, agg, 59-n%60, id, n)
}

func lineRange(from, to int) []string {
	var out []string
	for n := from; n < to; n++ {
		out = append(out, line(n))
	}
	return out
}

func zip(t *testing.T, s string) string {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func openStore(t *testing.T) *memory.Store {
	t.Helper()
	s := memory.New()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func openBulk(t *testing.T, s eventstore.Log) eventstore.Bulk {
	t.Helper()
	b, err := s.Bulk(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func export(t *testing.T, s eventstore.Log, opts jsonl.ExportOptions) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := jsonl.Export(t.Context(), s, &out, opts); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestImportForms(t *testing.T) {
	all := lineRange(0, 50)
	want := strings.Join(all, "\n") + "\n"
	long := strings.Replace(line(7), `"n":7`, `"n":7,"text":"`+strings.Repeat("x", 300<<10)+`"`, 1)
	inputs := map[string]string{
		"plain":               want,
		"no last line end":    strings.Join(all, "\n"),
		"crlf":                strings.Join(all, "\r\n") + "\r\n",
		"byte order mark":     "\uFEFF" + want,
		"empty lines":         "\n\n  \n" + strings.Join(all, "\n\r\n\t\n") + "\n\n",
		"gzip":                zip(t, want),
		"gzip of two members": zip(t, strings.Join(all[:20], "\n")+"\n") + zip(t, strings.Join(all[20:], "\n")),
		"gzip with mark":      zip(t, "\uFEFF"+want),
	}
	for name, input := range inputs {
		t.Run(name, func(t *testing.T) {
			s := openStore(t)
			report, err := jsonl.Import(t.Context(), iotest.OneByteReader(strings.NewReader(input)), openBulk(t, s), jsonl.Options{})
			if err != nil || report.Stored != 50 || report.Duplicates != 0 {
				t.Fatalf("import: %+v, %v", report, err)
			}
			if diff := cmp.Diff(want, export(t, s, jsonl.ExportOptions{})); diff != "" {
				t.Fatalf("export differs from what was imported:\n%s", diff)
			}
		})
	}
	t.Run("a line longer than the buffer", func(t *testing.T) {
		s := openStore(t)
		if _, err := jsonl.Import(t.Context(), strings.NewReader(long+"\n"+line(8)), openBulk(t, s), jsonl.Options{}); err != nil {
			t.Fatal(err)
		}
		if got := export(t, s, jsonl.ExportOptions{}); got != long+"\n"+line(8)+"\n" {
			t.Fatalf("export has %d bytes", len(got))
		}
	})
}

func TestImportAgain(t *testing.T) {
	s := openStore(t)
	input := strings.Join(lineRange(0, 30), "\n")
	half := strings.Join(lineRange(0, 12), "\n")
	for _, step := range []struct {
		input string
		want  jsonl.Report
	}{
		{half, jsonl.Report{Lines: 12, Stored: 12}},
		{input, jsonl.Report{Lines: 30, Stored: 18, Duplicates: 12}},
		{input + "\n" + input, jsonl.Report{Lines: 60, Duplicates: 60}},
		{"", jsonl.Report{}},
	} {
		report, err := jsonl.Import(t.Context(), strings.NewReader(step.input), openBulk(t, s), jsonl.Options{})
		if diff := cmp.Diff(step.want, report); err != nil || diff != "" {
			t.Fatalf("import: %v\n%s", err, diff)
		}
	}
}

func TestBadLines(t *testing.T) {
	cases := map[string]struct{ bad, reason string }{
		"no json":        {`{"id":`, "ends too early"},
		"an array":       {`[]`, "must be a JSON object"},
		"a field":        {strings.Replace(line(1), `"repo"`, `"Repo"`, 1), "aggregate_type"},
		"unknown field":  {strings.Replace(line(1), `"type"`, `"version":1,"type"`, 1), `"version"`},
		"not utf-8":      {strings.Replace(line(1), `"n":1`, "\"n\":\"\xff\"", 1), "UTF-8"},
		"two values":     {line(1) + line(2), "more than one"},
		"over the limit": {strings.Repeat("x", jsonl.MaxLine+1), "longer than 16777216 bytes"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			input := strings.Join([]string{line(10), line(11), c.bad, line(12)}, "\n")
			s := openStore(t)
			_, err := jsonl.Import(t.Context(), strings.NewReader(input), openBulk(t, s), jsonl.Options{})
			wantLine(t, err, 3, c.reason)
			if head, _ := s.Head(t.Context()); head != 2 {
				t.Fatalf("%d events stored, want the two before the bad line", head)
			}

			report, err := jsonl.Import(t.Context(), strings.NewReader(input), openBulk(t, s), jsonl.Options{SkipBad: true})
			if err != nil || report.Lines != 4 || report.Stored != 1 || report.Duplicates != 2 || report.Bad != 1 {
				t.Fatalf("import that skips: %+v, %v", report, err)
			}
			wantLine(t, report.BadLines[0], 3, c.reason)
		})
	}
}

func wantLine(t *testing.T, err error, number int, reason string) {
	t.Helper()
	var bad *jsonl.LineError
	if !errors.As(err, &bad) || bad.Line != number || !strings.Contains(bad.Error(), reason) {
		t.Fatalf("error is %v, want line %d and %q", err, number, reason)
	}
}

func TestBadLinesAreBounded(t *testing.T) {
	input := strings.Repeat("bad\n", 3*jsonl.MaxBadLines) + line(1)
	report, err := jsonl.Import(t.Context(), strings.NewReader(input), openBulk(t, openStore(t)), jsonl.Options{SkipBad: true})
	if err != nil || report.Bad != 3*jsonl.MaxBadLines || len(report.BadLines) != jsonl.MaxBadLines || report.Stored != 1 {
		t.Fatalf("import: %d bad, %d listed, %d stored, %v", report.Bad, len(report.BadLines), report.Stored, err)
	}
}

// TestTornGzip cuts a gzip file: what came whole is stored, and the error says
// at which line the rest is missing, also when bad lines are skipped.
func TestTornGzip(t *testing.T) {
	whole := zip(t, strings.Join(lineRange(0, 2000), "\n"))
	for _, skip := range []bool{false, true} {
		for _, cut := range []int{3, len(whole) / 2, len(whole) - 1} {
			s := openStore(t)
			report, err := jsonl.Import(t.Context(), strings.NewReader(whole[:cut]), openBulk(t, s), jsonl.Options{SkipBad: skip})
			wantLine(t, err, max(report.Lines, 1), "breaks off")
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("error is %v", err)
			}
			head, _ := s.Head(t.Context())
			if int(head) != report.Stored || report.Stored != max(report.Lines-1, 0) {
				t.Fatalf("cut at %d: %d events in the log, report %+v", cut, head, report)
			}
		}
	}
}

func TestBrokenReader(t *testing.T) {
	broken := errors.New("disk on fire")
	r := io.MultiReader(strings.NewReader(line(1)+"\n"+line(2)[:20]), iotest.ErrReader(broken))
	report, err := jsonl.Import(t.Context(), r, openBulk(t, openStore(t)), jsonl.Options{SkipBad: true})
	wantLine(t, err, 2, "disk on fire")
	if !errors.Is(err, broken) || report.Stored != 1 {
		t.Fatalf("import: %+v, %v", report, err)
	}
}

func TestStoreErrorsAreNoBadLines(t *testing.T) {
	s := openStore(t)
	b := openBulk(t, s)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := jsonl.Import(t.Context(), strings.NewReader(line(1)), b, jsonl.Options{SkipBad: true})
	var bad *jsonl.LineError
	if !errors.Is(err, eventstore.ErrClosed) || errors.As(err, &bad) {
		t.Fatalf("import into a closed bulk: %v", err)
	}
}

func TestProgress(t *testing.T) {
	var seen []int
	input := strings.Join(lineRange(0, 2500), "\n")
	_, err := jsonl.Import(t.Context(), strings.NewReader(input), openBulk(t, openStore(t)), jsonl.Options{
		Progress: func(r jsonl.Report) { seen = append(seen, r.Stored) },
	})
	if diff := cmp.Diff([]int{1000, 2000, 2500}, seen); err != nil || diff != "" {
		t.Fatalf("progress: %v\n%s", err, diff)
	}
}

func TestExportRange(t *testing.T) {
	s := openStore(t)
	all := lineRange(0, 20)
	if _, err := jsonl.Import(t.Context(), strings.NewReader(strings.Join(all, "\n")), openBulk(t, s), jsonl.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		opts     jsonl.ExportOptions
		from, to int
	}{
		{jsonl.ExportOptions{From: 5, Through: 7}, 4, 7},
		{jsonl.ExportOptions{From: 18}, 17, 20},
		{jsonl.ExportOptions{Through: 99}, 0, 20},
		{jsonl.ExportOptions{From: 21}, 0, 0},
		{jsonl.ExportOptions{From: 3, Through: 2}, 0, 0},
	} {
		want := ""
		for _, l := range all[c.from:c.to] {
			want += l + "\n"
		}
		if diff := cmp.Diff(want, export(t, s, c.opts)); diff != "" {
			t.Errorf("%+v:\n%s", c.opts, diff)
		}
	}
}

func TestExportGzipImports(t *testing.T) {
	from, to := openStore(t), openStore(t)
	if _, err := jsonl.Import(t.Context(), strings.NewReader(strings.Join(lineRange(0, 3000), "\n")), openBulk(t, from), jsonl.Options{}); err != nil {
		t.Fatal(err)
	}
	zipped := export(t, from, jsonl.ExportOptions{Gzip: true})
	if _, err := jsonl.Import(t.Context(), strings.NewReader(zipped), openBulk(t, to), jsonl.Options{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(readAll(t, from), readAll(t, to)); diff != "" {
		t.Fatalf("the logs differ:\n%s", diff)
	}
}

func readAll(t *testing.T, s eventstore.Log) []event.Recorded {
	t.Helper()
	events, err := s.ReadAll(t.Context(), 1, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// keeper is an importer that keeps what it is given.
type keeper struct{ events []event.Event }

func (k *keeper) Add(_ context.Context, e event.Event) (bool, error) {
	k.events = append(k.events, e)
	return true, nil
}

func (k *keeper) Flush(context.Context) error { return nil }

// FuzzImport holds that any input is imported or refused with a line number,
// plain and as gzip alike, that skipping bad lines always reaches the end, and
// that what was imported can be written and imported again.
func FuzzImport(f *testing.F) {
	f.Add([]byte(line(1) + "\r\n\n" + line(2)))
	f.Add([]byte("\uFEFF{}\nnull\n" + line(3)))
	f.Add([]byte{0x1f, 0x8b, 8, 0, 0})
	f.Fuzz(func(t *testing.T, input []byte) {
		var strict, lenient keeper
		_, err := jsonl.Import(t.Context(), bytes.NewReader(input), &strict, jsonl.Options{})
		var bad *jsonl.LineError
		if err != nil && (!errors.As(err, &bad) || bad.Line < 1) {
			t.Fatalf("error without a line: %v", err)
		}
		report, lenientErr := jsonl.Import(t.Context(), bytes.NewReader(input), &lenient, jsonl.Options{SkipBad: true})
		if len(lenient.events) < len(strict.events) || report.Stored != len(lenient.events) {
			t.Fatalf("%d events strictly, %d leniently, report %+v", len(strict.events), len(lenient.events), report)
		}
		if !bytes.HasPrefix(input, []byte{0x1f, 0x8b}) {
			var zipped keeper
			_, zippedErr := jsonl.Import(t.Context(), strings.NewReader(zip(t, string(input))), &zipped, jsonl.Options{})
			if len(zipped.events) != len(strict.events) || fmt.Sprint(zippedErr) != fmt.Sprint(err) {
				t.Fatalf("%d events, %v; of gzip %d, %v", len(strict.events), err, len(zipped.events), zippedErr)
			}
		}
		if err == nil && (lenientErr != nil || report.Bad > 0) {
			t.Fatalf("good input with %d bad lines, %v", report.Bad, lenientErr)
		}
		var again bytes.Buffer
		for i := range lenient.events {
			again.Write(append(event.AppendJSON(nil, &lenient.events[i]), '\n'))
		}
		var second keeper
		if _, err := jsonl.Import(t.Context(), &again, &second, jsonl.Options{}); err != nil || len(second.events) != len(lenient.events) {
			t.Fatalf("writing and reading again: %d events of %d, %v", len(second.events), len(lenient.events), err)
		}
	})
}
