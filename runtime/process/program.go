package process

import (
	"bytes"
	"context"
	"fmt"

	"google.golang.org/grpc"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/process/internal/child"
	"github.com/refold-dev/refold/sdk/manifest"
	"github.com/refold-dev/refold/sdk/process/wire"
)

// Program is a projection's executable that has introduced itself. It is safe for
// concurrent use.
type Program struct {
	*executable
	manifest  manifest.Manifest
	described *wire.DescribeReply
}

// Load starts a projection's executable once, to read its manifest. What is wrong
// with the plugin is a *runtime.GuestError.
func (h *Host) Load(ctx context.Context, c Command) (*Program, error) {
	x, err := h.read(c)
	if err != nil {
		return nil, err
	}
	process, err := x.start(ctx)
	if err != nil {
		return nil, err
	}
	defer process.Stop()
	p := &Program{executable: x}
	if p.described, err = x.describe(process); err != nil {
		return nil, err
	}
	if p.manifest, err = manifest.Parse(p.described.GetManifest()); err != nil {
		fault := x.complain(runtime.BadManifest, fmt.Sprintf("its manifest is wrong: %v", err), "")
		fault.Err = err
		return nil, fault
	}
	x.name = p.manifest.Name
	if p.manifest.State == manifest.Resident && !p.described.GetSnapshots() {
		return nil, x.complain(runtime.BadManifest, "is resident, but does not say how its state is saved",
			"serve it with process.ServeResident, or key it: the engine then keeps its states")
	}
	x.warnUnpinned(ctx)
	return p, nil
}

// describe asks a process for its manifest, twice: it must not change.
func (x *executable) describe(process *child.Child) (*wire.DescribeReply, error) {
	first, err := x.describeOnce(process)
	if err != nil {
		return nil, err
	}
	return first, x.sameDescription(process, first)
}

func (x *executable) describeOnce(process *child.Child) (reply *wire.DescribeReply, err error) {
	err = process.Call(x.command.Timeout, func(ctx context.Context) (err error) {
		reply, err = wire.NewProjectionClient(process.Conn()).Describe(ctx, &wire.DescribeRequest{}, grpc.MaxCallRecvMsgSize(wire.MaxManifest))
		return err
	})
	return reply, err
}

// sameDescription holds a process to the manifest that another one gave.
func (x *executable) sameDescription(process *child.Child, first *wire.DescribeReply) error {
	again, err := x.describeOnce(process)
	if err != nil {
		return err
	}
	if !bytes.Equal(first.GetManifest(), again.GetManifest()) || first.GetSnapshots() != again.GetSnapshots() || first.GetQueries() != again.GetQueries() {
		return x.complain(runtime.BadManifest, "its manifest changes from one call to the next", "")
	}
	return nil
}

// Manifest is what the plugin says about itself.
func (p *Program) Manifest() manifest.Manifest { return p.manifest }

// Digest identifies the executable: "sha256:" and 64 hex digits.
func (p *Program) Digest() string { return "sha256:" + p.digest }

// CanQuery reports whether the plugin answers queries.
func (p *Program) CanQuery() bool { return p.described.GetQueries() }
