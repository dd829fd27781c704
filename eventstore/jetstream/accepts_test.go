package jetstream_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/jetstream"
)

// What servers say of a stream's leader. The second answer is what the last one of three
// servers gave ten seconds after the two others had been killed.
func TestLeaderless(t *testing.T) {
	for name, tt := range map[string]struct {
		answer string
		away   []string
		stuck  bool
	}{
		"led":           {`{"config":{"name":"S","num_replicas":3},"cluster":{"name":"c","leader":"n3","replicas":[{"name":"n1","current":true},{"name":"n2","current":true}]}}`, nil, false},
		"alone":         {`{"config":{"name":"S","num_replicas":3},"cluster":{"name":"c","replicas":[{"name":"n1","current":false,"active":0},{"name":"n2","current":false,"active":0},{"name":"n3","current":true,"active":1}]}}`, []string{"n1", "n2"}, true},
		"one is away":   {`{"config":{"name":"S","num_replicas":3},"cluster":{"name":"c","leader":"n3","replicas":[{"name":"n1","current":false,"offline":true},{"name":"n2","current":true}]}}`, []string{"n1"}, false},
		"one replica":   {`{"config":{"name":"S","num_replicas":1},"cluster":{"name":"c"}}`, nil, false},
		"not clustered": {`{"config":{"name":"S","num_replicas":1}}`, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			var info natsjs.StreamInfo
			if err := json.Unmarshal([]byte(tt.answer), &info); err != nil {
				t.Fatal(err)
			}
			var stuck *eventstore.LeaderlessError
			err := jetstream.Leaderless(&info)
			if errors.As(err, &stuck) != tt.stuck || stuck == nil && err != nil {
				t.Errorf("error %v", err)
			}
			if got := jetstream.Away(info.Cluster); !slices.Equal(got, tt.away) {
				t.Errorf("away are %v", got)
			}
		})
	}
}
