// Command mirror is the conformance executor in Go: it does what an effect's name
// says. sdk/testdata/README.md specifies it.
package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/refold-dev/refold/sdk/go/executor"
)

func init() {
	executor.Register(executor.Executor{
		Name:  "mirror_executor",
		Kinds: []executor.Kind{executor.Insert, executor.Update, executor.Delete, executor.Query, executor.Log, executor.EmitEvent},
		Wants: []executor.Want{
			{Capability: executor.HTTP, Reason: "mirrors http"},
			{Capability: executor.SQL, Name: "ledger", Reason: "mirrors sql"},
			{Capability: executor.NATS, Reason: "mirrors nats"},
			{Capability: executor.Secrets, Name: "token", Reason: "mirrors secrets"},
		},
		Configure: func(config []byte) error {
			if strings.Contains(string(config), `"refuse":true`) {
				return errors.New("refused on demand")
			}
			return nil
		},
		Execute: func(b *executor.Batch) error {
			for e := range b.Effects() {
				line, err := perform(b, e)
				if err != nil {
					return err
				}
				executor.Print(executor.Info, line)
			}
			return nil
		},
	})
}

// perform does what the effect's name says and returns what to log.
func perform(b *executor.Batch, e executor.Effect) (line string, err error) {
	switch e.Name {
	case "http":
		return send(e)
	case "sql":
		return exec(e)
	case "query":
		return query(e)
	case "nats":
		ack, err := executor.Publish(executor.Message{Subject: e.Key, Body: e.Body, Header: []executor.Header{{Name: "kind", Value: e.Kind.String()}}})
		if err != nil {
			return "", err
		}
		return fmt.Sprint(ack.Stream, " ", ack.Sequence, " ", ack.Duplicate), nil
	case "secret":
		secret, err := executor.ReadSecret(e.Key)
		return fmt.Sprint(len(secret), " bytes"), err
	case "retry":
		return "", executor.Retry(1500*time.Millisecond, errors.New("not now"))
	case "poison":
		return "", executor.Poison(errors.New("cannot be performed"))
	case "fatal":
		return "", errors.New("gives up")
	case "panic":
		panic("panicked on demand")
	}
	return told(b, e), nil
}

func send(e executor.Effect) (string, error) {
	r, err := executor.Send(executor.Request{Method: "POST", URL: e.Key, Body: e.Body, Header: []executor.Header{{Name: "effect-id", Value: e.ID.String()}}})
	if err != nil {
		return "", fmt.Errorf("%w", err)
	}
	failed := fmt.Errorf("status %d", r.Status)
	switch {
	case r.Status == 429 || r.Status >= 500:
		seconds, _ := strconv.Atoi(r.Get("retry-after"))
		return "", executor.Retry(time.Duration(seconds)*time.Second, failed)
	case r.Status < 200 || r.Status > 299:
		return "", executor.Poison(failed)
	}
	return fmt.Sprintf("%d %s %s", r.Status, r.Get("content-type"), r.Body), nil
}

func exec(e executor.Effect) (string, error) {
	changed, err := executor.Exec(e.Key,
		executor.Statement{Text: "insert into mirror values ($1, $2, $3, $4, $5, $6, $7, $8, $9)", Args: []any{
			nil, true, int64(e.Cause), 0.5, e.Kind.String(), e.Body, e.ID, time.Unix(1_700_000_000, 0), executor.JSON(e.Body)}},
		executor.Statement{Text: "delete from mirror"})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("changed %d, %d", changed[0], changed[1]), nil
}

func query(e executor.Effect) (string, error) {
	rows, err := executor.Select(e.Key, string(e.Body), e.ID)
	if err != nil {
		return "", err
	}
	var lines []string
	for _, row := range rows.Values {
		line := ""
		for _, v := range row {
			line += " " + written(v)
		}
		lines = append(lines, line)
	}
	return strings.Join(rows.Columns, " ") + ":" + strings.Join(lines, " |"), nil
}

func written(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case float64:
		return "f64"
	case []byte:
		return hex.EncodeToString(v)
	case time.Time:
		return strconv.FormatInt(v.UnixNano(), 10)
	}
	return fmt.Sprint(v)
}

func told(b *executor.Batch, e executor.Effect) string {
	var o executor.Object
	o.Text("pipeline", b.Pipeline).Uint("generation", b.Generation).Uint("after", b.After).Uint("through", b.Through)
	o.Text("kind", e.Kind.String()).Int("level", int64(e.Level)).Uint("cause", e.Cause).Uint("ordinal", uint64(e.Ordinal))
	o.UUID("id", e.ID).UUID("cause_id", e.CauseID).UUID("correlation_id", e.CorrelationID).Int("time", e.Time.UnixNano())
	return string(o.Text("name", e.Name).Text("key", e.Key).Text("body", string(e.Body)).JSON())
}

func main() {}
