package wasm

import (
	"crypto/sha256"
	"path/filepath"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/snapshot"
	"github.com/refold-dev/refold/sdk/javascript"
)

const (
	exportLoad = "refold_load"
	// maxScriptFaultBytes bounds what a module may say about a script.
	maxScriptFaultBytes = 64 << 10
)

// interpreters are the modules that run scripts, by the ends of their names.
var interpreters = map[string][]byte{".js": javascript.Guest}

// source is what a module is made of.
type source struct {
	code []byte
	// script is what refold_load gets: a file's name, a zero and its text. It is
	// nil for a module that is its own code.
	script []byte
	// digest covers both.
	digest snapshot.Digest
}

// readSource reads the file at path, a module or a script.
func readSource(path string) (source, error) {
	text, err := read(path)
	if err != nil {
		return source{}, err
	}
	interpreter, isScript := interpreters[filepath.Ext(path)]
	if !isScript {
		return source{code: text, digest: sha256.Sum256(text)}, nil
	}
	script := append(append([]byte(filepath.Base(path)), 0), text...)
	code := sha256.Sum256(interpreter)
	return source{interpreter, script, sha256.Sum256(append(code[:], script...))}, nil
}

// Digest is the digest that the module or script at path has once it is loaded, as
// Module.Digest gives it.
func Digest(path string) (string, error) {
	from, err := readSource(path)
	return asText(from.digest), err
}

// loadScript hands the script, if there is one, to the module that runs it.
func (i *Instance) loadScript() error {
	if i.module.script == nil {
		return nil
	}
	at, fault := i.put(i.module.script)
	if fault != nil {
		return i.die(fault)
	}
	i.budget.grantScript(&i.module.limits)
	i.stack = [2]uint64{uint64(at), uint64(len(i.module.script))}
	complaint, fault := i.call(i.wasm.ExportedFunction(exportLoad), maxScriptFaultBytes)
	switch {
	case fault != nil:
		fault.Reason = "while its script was loaded: " + fault.Reason
		return i.die(fault)
	case len(complaint) > 0:
		return i.die(i.complain(runtime.BadScript, string(complaint)))
	}
	return nil
}
