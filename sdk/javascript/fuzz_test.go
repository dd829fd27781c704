package javascript_test

import (
	"errors"
	"testing"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm"
)

// FuzzScript holds that any text is a projection or a *runtime.GuestError, and
// that the projection folds an event or says why not.
func FuzzScript(f *testing.F) {
	for _, script := range []string{
		"", "\x00", "\xff\xfe", "fromAll().when({ $any() {} })", "options({ key: 'a', fields: { a: 'i64' } });\nfromAll().when({ a(s, e) { effects.insert('t', e) } })",
		"fromStream('$ce-a').partitionBy((e) => e.data.a).when({ $initShared: () => 0, $any: (s, e) => reject(e.eventType) })", "for (;;) {}", "`${'", "/(", "class A { #a } new A().b.c",
	} {
		f.Add(script)
	}
	f.Fuzz(func(t *testing.T, script string) {
		limits := wasm.Limits{FuelPerEvent: 5_000_000, MemoryPages: 100}
		m, err := tryLoad(t, script, limits)
		var guest *runtime.GuestError
		if err != nil {
			if !errors.As(err, &guest) {
				t.Fatalf("error is %v, want a GuestError", err)
			}
			return
		}
		defer m.Close(t.Context())
		p := &projection{t: t, module: m, states: map[string]string{}, versions: map[event.Aggregate]uint64{}}
		p.restart()
		if err := p.fold(p.wanted([]occurrence{{Type: "a", Data: `{"a":1}`}})...); errors.As(err, &guest) {
			return
		}
	})
}
