package child

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/time/rate"
)

// hostLog hands what go-plugin says of a process to the engine's log. All of it is at
// debug level: what an operator has to know is in the errors of calls. It says something
// of each piece of output as well, and so is bounded as that is.
type hostLog struct {
	to      *slog.Logger
	secrets *strings.Replacer
	limit   *rate.Limiter
}

// logger is what go-plugin takes for one.
func (l hostLog) logger() hclog.Logger {
	intercepted := hclog.NewInterceptLogger(&hclog.LoggerOptions{Output: io.Discard, Level: hclog.Off})
	intercepted.RegisterSink(l)
	return intercepted
}

// Accept implements hclog.SinkAdapter.
func (l hostLog) Accept(_ string, _ hclog.Level, message string, about ...any) {
	ctx := context.Background()
	if !l.to.Enabled(ctx, slog.LevelDebug) || !l.limit.Allow() {
		return
	}
	var attributes []slog.Attr
	for i := 0; i+1 < len(about); i += 2 {
		attributes = append(attributes, slog.String(fmt.Sprint(about[i]), l.secrets.Replace(fmt.Sprint(about[i+1]))))
	}
	l.to.LogAttrs(ctx, slog.LevelDebug, l.secrets.Replace(message), attributes...)
}
