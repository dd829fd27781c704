package process

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"google.golang.org/grpc"

	refold "github.com/refold-dev/refold/sdk/go"
	"github.com/refold-dev/refold/sdk/process/wire"
)

// ServeProjection serves the registered projection, which is stateless or keyed.
// It returns when the host has had enough.
func ServeProjection() { serveProjection(&projection{guest: refold.Registered()}) }

// ServeResident serves the registered projection, which is resident. save returns
// its whole state, and load, given what save has returned, brings it back, into a
// process that may have folded other events. The same state should be saved as the
// same bytes.
func ServeResident(save func() ([]byte, error), load func([]byte) error) {
	serveProjection(&projection{guest: refold.Registered(), save: save, load: load})
}

func serveProjection(p *projection) {
	serve(func(s *grpc.Server) { wire.RegisterProjectionServer(s, p) })
}

type projection struct {
	wire.UnimplementedProjectionServer
	guest *refold.Guest
	save  func() ([]byte, error) // nil for none
	load  func([]byte) error
}

func (p *projection) Describe(context.Context, *wire.DescribeRequest) (*wire.DescribeReply, error) {
	return &wire.DescribeReply{Manifest: p.guest.Describe(), Queries: true, Snapshots: p.save != nil}, nil
}

// Fold folds a batch; a panic becomes a fault. The result is sent before the next
// call, and so may lie in the guest's memory.
func (p *projection) Fold(_ context.Context, r *wire.FoldRequest) (reply *wire.FoldReply, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			reply = &wire.FoldReply{Outcome: &wire.FoldReply_Fault{Fault: faultOf(cause, p.guest.Begun())}}
		}
	}()
	return &wire.FoldReply{Outcome: &wire.FoldReply_Result{Result: p.guest.Fold(r.GetBatch())}}, nil
}

func faultOf(cause any, event int) *wire.Fault {
	fmt.Fprintf(stderr, "panic: %v\n%s", cause, debug.Stack())
	at := uint32(max(event, 0))
	return &wire.Fault{Reason: text("panicked: " + fmt.Sprint(cause)), Event: &at}
}

func (p *projection) Progress(context.Context, *wire.ProgressRequest) (*wire.ProgressReply, error) {
	at := uint32(max(p.guest.Begun(), 0))
	return &wire.ProgressReply{Event: &at}, nil
}

func (p *projection) Query(_ context.Context, r *wire.QueryRequest) (*wire.QueryReply, error) {
	answer, err := p.guest.Query(string(r.GetQuery()))
	if err != nil {
		return &wire.QueryReply{Refusal: text(err.Error())}, nil
	}
	return &wire.QueryReply{Answer: answer}, nil
}

var errNoState = errors.New("the projection does not say how its state is saved: serve it with ServeResident")

func (p *projection) Snapshot(context.Context, *wire.SnapshotRequest) (*wire.SnapshotReply, error) {
	err := errNoState
	var state []byte
	if p.save != nil {
		state, err = p.save()
	}
	if err != nil {
		return &wire.SnapshotReply{Fault: &wire.Fault{Reason: text(err.Error())}}, nil
	}
	return &wire.SnapshotReply{State: state}, nil
}

func (p *projection) Restore(_ context.Context, r *wire.RestoreRequest) (*wire.RestoreReply, error) {
	err := errNoState
	if p.load != nil {
		err = p.load(r.GetState())
	}
	if err != nil {
		return &wire.RestoreReply{Fault: &wire.Fault{Reason: text(err.Error())}}, nil
	}
	return &wire.RestoreReply{}, nil
}
