package rows

import (
	"fmt"
	"testing"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// BenchmarkGather measures what a row costs between its effect and a statement.
func BenchmarkGather(b *testing.B) {
	m := NewModel([]Table{{
		Name: "accounts", Columns: []Column{{"id", Text}, {"owner", Text}, {"balance", Integer}}, PrimaryKey: []string{"id"},
	}}, &Dialect{})
	batch := effect.Batch{Through: 8192}
	for i := range 8192 {
		body := fmt.Sprintf(`{"id":"%016x","owner":"somebody's name","balance":%d}`, uint64(i+1)*0x9e3779b97f4a7c15, i)
		batch.Effects = append(batch.Effects, effect.Effect{Kind: effect.Insert, Cause: event.Position(i + 1), Name: "accounts", Body: []byte(body)})
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Gather(batch, 0); err != nil {
			b.Fatal(err)
		}
		for _, t := range m.Tables {
			t.SortByKey()
		}
		m.Clear()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*8192), "ns/row")
}
