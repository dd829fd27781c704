package engine

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
	"github.com/refold-dev/refold/sdk/manifest"
)

// declaration is what a generation is built with: the pipeline as it is declared, and
// what there is to be known of its projection. That of a generation which has served
// longer may be another than the pipeline's present one.
type declaration struct {
	spec     config.Pipeline
	catalog  string // the digest of the event catalog
	manifest manifest.Manifest
	module   string // the plugin's digest
	identity string
	policy   string // what becomes of poison
	files    string // a digest of the files that spec names, of one that is to be run
	open     func(ctx context.Context, spec config.Projection) (Plugin, error)
}

// load proves that the projection's module can be run, and learns what it says of
// itself.
func (d *declaration) load(ctx context.Context) error {
	plugin, err := d.instantiate(ctx)
	if err != nil {
		return err
	}
	d.manifest, d.module = plugin.Manifest(), plugin.Digest()
	if err := plugin.Close(ctx); err != nil {
		return err
	}
	if d.policy, err = policyFor(d.spec.OnError, d.manifest.State); err != nil {
		return fmt.Errorf("pipeline %s: %w", d.spec.Name, err)
	}
	d.identity, err = identityOf(d.spec, d.module, d.catalog)
	return err
}

// loadPresent is load for a declaration that is to be run. It touches no disk but to read.
func (d *declaration) loadPresent(ctx context.Context) error {
	if err := d.load(ctx); err != nil {
		return err
	}
	if d.spec.OnChange == changeContinue && d.manifest.State == manifest.Resident {
		return fmt.Errorf("pipeline %s: on_change: continue is not for a resident projection, whose snapshot belongs to the module that made it: rebuild, or refuse", d.spec.Name)
	}
	d.files = d.spec.FilesDigest()
	return nil
}

// is reports whether two declarations say the same, and the files that they name hold the
// same.
func (d *declaration) is(other *declaration) bool {
	return d.module == other.module && d.files == other.files && config.Same(d.spec, other.spec)
}

func (d *declaration) instantiate(ctx context.Context) (Plugin, error) {
	plugin, err := d.open(ctx, d.spec.Projection)
	if err != nil {
		return nil, fmt.Errorf("pipeline %s: loading its projection: %w", d.spec.Name, err)
	}
	return plugin, nil
}

// key is the payload field that states are keyed by; empty for the aggregate, and where
// there are no keys.
func (d *declaration) key() string { return cmp.Or(d.spec.Projection.Key, d.manifest.Key) }

// identityOf digests all that a read model depends on besides the log. A
// pipeline whose identity has changed is rebuilt.
func identityOf(spec config.Pipeline, module, catalog string) (string, error) {
	text, err := json.Marshal(spec.Identified(module))
	if err != nil {
		return "", fmt.Errorf("pipeline %s: digesting its declaration: %w", spec.Name, err)
	}
	sum := sha256.Sum256(append(text, catalog...))
	return hex.EncodeToString(sum[:]), nil
}

// note is what is kept of the present declaration with a generation.
func (p *pipeline) note() (n checkpoint.Declaration, err error) {
	n.Catalog, n.Made = p.declared.catalog, p.opts.Now()
	n.State, n.Key = string(p.declared.manifest.State), p.declared.key()
	if n.Pipeline, err = json.Marshal(p.declared.spec); err != nil {
		err = fmt.Errorf("pipeline %s: noting its declaration: %w", p.name, err)
	}
	return n, err
}

// create makes a generation for the present declaration.
func (p *pipeline) create() (*checkpoint.Generation, error) {
	n, err := p.note()
	if err != nil {
		return nil, err
	}
	return p.store.Create(p.declared.identity, p.declared.module, n)
}

// GoneError is a generation that cannot be opened with what it was built with.
type GoneError struct {
	Pipeline   string
	Generation uint64
	Err        error
}

func (e *GoneError) Error() string {
	return fmt.Sprintf("pipeline %s: generation %d cannot be opened with what it was built with: %v", e.Pipeline, e.Generation, e.Err)
}

func (e *GoneError) Unwrap() error { return e.Err }

var (
	errNoNote       = errors.New("its declaration was not noted")
	errOtherModule  = errors.New("there is another module in the place of its own")
	errOtherCatalog = errors.New("the catalog of event types has changed since")
)

// specOf is the pipeline as it was declared when a generation was made; ok is false
// where that was not noted.
func specOf(kept *checkpoint.Generation) (spec config.Pipeline, catalog string, ok bool, err error) {
	n, err := kept.Declaration()
	if err != nil || n.Pipeline == nil {
		return spec, "", false, err
	}
	if err := json.Unmarshal(n.Pipeline, &spec); err != nil {
		return spec, "", false, fmt.Errorf("reading the declaration of generation %d: %w", kept.Number(), err)
	}
	return spec, n.Catalog, true, nil
}

// specOf is what a stored generation of the pipeline was declared with, and the catalog
// then, with the way to its sinks as the present declaration has it.
func (d *declaration) specOf(kept *checkpoint.Generation) (spec config.Pipeline, catalog string, ok bool, err error) {
	spec, catalog, ok, err = specOf(kept)
	spec.ReachAs(&d.spec)
	return spec, catalog, ok, err
}

// declarationsOf are those of all generations, as far as they were noted.
func declarationsOf(store *checkpoint.Store) (list []config.Pipeline, err error) {
	all, err := store.All()
	if err != nil {
		return nil, err
	}
	for _, number := range all {
		kept, err := store.Generation(number)
		if err != nil {
			return nil, err
		}
		spec, _, ok, err := specOf(kept)
		if err != nil {
			return nil, err
		}
		if ok {
			list = append(list, spec)
		}
	}
	return list, nil
}

// declarations are those of all generations, and the present one.
func (p *pipeline) declarations() ([]config.Pipeline, error) {
	list, err := declarationsOf(p.store)
	if err != nil {
		return nil, fmt.Errorf("pipeline %s: %w", p.name, err)
	}
	return append(list, p.declaration().spec), nil
}

// Declarations are what the generations of the engine's pipelines, and of the retired
// ones, were built with: all that is needed of modules, beside the pipelines' present
// ones.
func (e *Engine) Declarations(ctx context.Context) (list []config.Pipeline, err error) {
	e.mu.Lock()
	pipelines, gone := e.pipelines, e.retired
	e.mu.Unlock()
	for _, p := range pipelines {
		of, err := p.declarations()
		if err != nil {
			return nil, err
		}
		list = append(list, of...)
	}
	for _, r := range gone {
		spec := r.spec
		kept, err := OpenKept(ctx, e.opts.Dir, spec, nil)
		if err != nil {
			return nil, err
		}
		of, err := kept.Declarations()
		if err = errors.Join(err, kept.Close(ctx)); err != nil {
			return nil, fmt.Errorf("pipeline %s: %w", spec.Name, err)
		}
		list = append(list, of...)
	}
	return list, nil
}

// of is what a stored generation was built with, loaded: the present declaration, which d
// is, or another one. The error is a *GoneError where that is not to be had any more.
func (d *declaration) of(ctx context.Context, kept *checkpoint.Generation) (*declaration, error) {
	if kept.Mark().Identity == d.identity {
		return d, nil
	}
	gone := func(err error) error { return &GoneError{d.spec.Name, kept.Number(), err} }
	spec, catalog, ok, err := d.specOf(kept)
	if err != nil {
		return nil, fmt.Errorf("pipeline %s: %w", d.spec.Name, err)
	}
	if !ok {
		return nil, gone(errNoNote)
	}
	then := &declaration{spec: spec, catalog: catalog, open: d.open}
	if err := then.load(ctx); err != nil {
		return nil, gone(err)
	}
	if then.module != kept.Mark().Module {
		return nil, gone(errOtherModule)
	}
	then.identity = kept.Mark().Identity // as it was digested then
	return then, nil
}
