package refold

import (
	"errors"

	"github.com/refold-dev/refold/sdk/frame"
)

// Guest is the registered projection as its host sees it.
type Guest struct {
	projection Projection
	fields     []field
	batch      batch
	out        Effects
}

// guest is the module's one projection: a WASM export has nothing else to hang
// on to.
var guest Guest

// Registered returns the registered projection, for package refoldtest and for
// those who want to call it as a host does.
func Registered() *Guest {
	if guest.projection == nil {
		panic("refold: no projection is registered; call Register from init")
	}
	return &guest
}

// Describe returns the manifest as JSON.
func (g *Guest) Describe() []byte { return g.projection.describe().json(g.fields) }

// Fold folds a batch frame and returns the result frame, valid until the next
// call. It trusts the frame as a guest may, and panics on one that is none: that
// is the host's fault.
func (g *Guest) Fold(b []byte) []byte {
	f, err := frame.TrustBatch(b)
	if err != nil {
		panic("refold: " + err.Error())
	}
	g.batch.open(f)
	g.out.result.Reset()
	if err := g.projection.fold(&g.batch, &g.out); err != nil {
		var rejected *rejection
		errors.As(err, &rejected)
		return g.out.result.Reject(rejected.event, err.Error())
	}
	beginEvent(int32(f.EventCount())) // what follows belongs to no event
	return g.out.result.Finish()
}

// Query answers a read of resident state with JSON text.
func (g *Guest) Query(query string) ([]byte, error) {
	answer := g.projection.answer()
	if answer == nil {
		return nil, errors.New("the projection answers no queries")
	}
	return answer(query)
}
