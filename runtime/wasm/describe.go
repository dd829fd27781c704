package wasm

import (
	"bytes"
	"context"
	"fmt"

	"github.com/refold-dev/refold/runtime"
)

// maxManifestBytes bounds a manifest.
const maxManifestBytes = 64 << 10

// describe asks the guest for its manifest.
func describe[M any](ctx context.Context, i *Instance, parse func([]byte) (M, error)) (m M, err error) {
	text, err := i.describe(ctx)
	if err != nil {
		return m, err
	}
	if m, err = parse(text); err != nil {
		fault := i.complain(runtime.BadManifest, fmt.Sprintf("its manifest is wrong: %v", err))
		fault.Err = err
		return m, i.die(fault)
	}
	return m, nil
}

// describe asks the guest for its manifest's text, twice: it must not change.
func (i *Instance) describe(ctx context.Context) ([]byte, error) {
	i.guest.Begin(ctx)
	defer i.guest.End()
	text, fault := i.callDescribe()
	if fault != nil {
		return nil, i.die(fault)
	}
	again, fault := i.callDescribe()
	if fault != nil {
		return nil, i.die(fault)
	}
	if !bytes.Equal(text, again) {
		return nil, i.die(i.complain(runtime.BadManifest, "its manifest changes from one call to the next"))
	}
	return text, nil
}

// callDescribe returns a copy of the manifest's text.
func (i *Instance) callDescribe() ([]byte, *runtime.GuestError) {
	i.budget.grant(&i.module.limits, noEvents)
	text, fault := i.call(i.wasm.ExportedFunction(exportDescribe), maxManifestBytes)
	if fault != nil {
		return nil, fault
	}
	return bytes.Clone(text), nil
}
