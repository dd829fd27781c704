package nats

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// streams is the namespace of aggregates' ids that are made from names of streams.
var streams = uuid.MustParse("9d7c8e0a-6d5b-4f3e-8f0b-3f1f9a2b6c54")

// parseStream reads the name of the stream that an effect names: an aggregate's type
// and, behind the first dash, its id, such as "order-01900000-…". What is behind
// the dash and no UUID, or no dash at all, makes an id of its own from the whole
// name (a UUID of version 5), and metadata that say the name.
func parseStream(name string) (agg event.Aggregate, metadata json.RawMessage, err error) {
	kind, id, _ := strings.Cut(name, "-")
	if err := event.ValidateTypeName(kind); err != nil {
		return agg, nil, fmt.Errorf("its stream %.64q: aggregate type %w", name, err)
	}
	agg.Type = kind
	if parsed, err := uuid.Parse(id); err == nil && len(id) == 36 {
		agg.ID = parsed
		return agg, nil, nil
	}
	agg.ID = uuid.NewSHA1(streams, []byte(name))
	metadata, err = json.Marshal(map[string]string{"stream": name})
	return agg, metadata, err
}
