package jetstream

import (
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// subjects builds the subjects of one stream.
type subjects struct{ prefix string }

func (s subjects) all() string { return s.prefix + ".>" }

func (s subjects) aggregate(a event.Aggregate) string {
	return s.prefix + "." + a.Type + "." + a.ID.String() + ".>"
}

func (s subjects) event(e *event.Event) string {
	return s.prefix + "." + e.Aggregate.Type + "." + e.Aggregate.ID.String() + "." + e.Type
}

// match reports whether subject is the one of e, without allocating.
func (s subjects) match(subject string, e *event.Event) bool {
	rest, ok := strings.CutPrefix(subject, s.prefix)
	if !ok || len(rest) != 3+len(e.Aggregate.Type)+36+len(e.Type) {
		return false
	}
	if rest[0] != '.' || rest[1:1+len(e.Aggregate.Type)] != e.Aggregate.Type {
		return false
	}
	rest = rest[1+len(e.Aggregate.Type):]
	id, err := uuid.Parse(rest[1:37])
	return err == nil && id == e.Aggregate.ID && rest[0] == '.' && rest[37] == '.' && rest[38:] == e.Type
}

// checkPrefix reports why prefix cannot lead a subject.
func checkPrefix(prefix string) error {
	for token := range strings.SplitSeq(prefix, ".") {
		if err := event.ValidateTypeName(token); err != nil {
			return fmt.Errorf("prefix %q: a token between dots %w", prefix, err)
		}
	}
	return nil
}
