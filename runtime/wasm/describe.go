package wasm

import (
	"bytes"
	"context"
	"fmt"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/sdk/manifest"
)

// maxManifestBytes bounds a manifest.
const maxManifestBytes = 64 << 10

// describe asks the guest for its manifest, twice: it must not change.
func (i *Instance) describe(ctx context.Context) (manifest.Manifest, error) {
	i.guest.Begin(ctx)
	defer i.guest.End()
	text, fault := i.callDescribe()
	if fault != nil {
		return manifest.Manifest{}, i.die(fault)
	}
	again, fault := i.callDescribe()
	if fault != nil {
		return manifest.Manifest{}, i.die(fault)
	}
	if !bytes.Equal(text, again) {
		return manifest.Manifest{}, i.die(i.complain(runtime.BadManifest, "its manifest changes from one call to the next"))
	}
	m, err := manifest.Parse(text)
	if err != nil {
		fault := i.complain(runtime.BadManifest, fmt.Sprintf("its manifest is wrong: %v", err))
		fault.Err = err
		return manifest.Manifest{}, i.die(fault)
	}
	return m, nil
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
