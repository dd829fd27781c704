package refold

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// tinygoTargets are TinyGo's targets for WebAssembly, as its files targets/*.json
// have them: what the go command is told, and the tags that choose files. On each
// of them an int and a pointer have 32 bits, as on arm.
var tinygoTargets = []struct{ name, goos, goarch, tags string }{
	{"wasip1", "wasip1", "wasm", "tinygo,tinygo.wasm,purego"},
	{"wasm-unknown", "linux", "arm", "tinygo,tinygo.wasm,wasm_unknown,purego"},
}

// tinygoPackages are those of the standard library that a guest may import, by the
// kit's own doing: all of them are importable in the table of TinyGo's
// documentation, "Packages supported by TinyGo".
var tinygoPackages = []string{
	"bytes", "encoding", "encoding/binary", "encoding/hex", "encoding/json", "errors", "iter", "maps", "math", "runtime", "slices", "strconv",
	"strings", "time", "unicode/utf8", "unsafe",
}

// tinygoGuests are guests that have to compile, and bring the kit along, and the kit
// for executors.
var tinygoGuests = []string{"./executor", "../conformance/guests/go", "../../examples/git-history/go/...", "../../examples/fleet/..."}

// listed is a package as go list tells of it.
type listed struct {
	ImportPath, Dir  string
	Standard         bool
	GoFiles, Imports []string
	ImportMap        map[string]string
}

func (p listed) files() []string {
	files := make([]string, len(p.GoFiles))
	for i, name := range p.GoFiles {
		files[i] = filepath.Join(p.Dir, name)
	}
	return files
}

// listGuests lists the packages of which guests for a target are made, each behind
// those that it imports.
func listGuests(t *testing.T, goos, goarch, tags string) (list []listed) {
	t.Helper()
	args := append([]string{"list", "-deps", "-json=ImportPath,Dir,Standard,GoFiles,Imports,ImportMap", "-tags=" + tags}, tinygoGuests...)
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0", "GOFLAGS=")
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", cmd, err)
	}
	for d := json.NewDecoder(strings.NewReader(string(text))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

// TestTinyGo holds what can be held without TinyGo: that guests and the kit have the
// right files, types that fit and imports that are there.
func TestTinyGo(t *testing.T) {
	for _, target := range tinygoTargets {
		t.Run(target.name, func(t *testing.T) {
			list := listGuests(t, target.goos, target.goarch, target.tags)
			checkTypes(t, list)
			var kit []string
			for _, p := range list {
				if p.Standard {
					continue
				}
				if slices.Contains(p.GoFiles, "native.go") {
					t.Errorf("%s is taken for a native one: its files are %v", p.ImportPath, p.GoFiles)
				}
				if _, part, ok := strings.Cut(p.ImportPath, "/sdk/go"); ok {
					kit = append(kit, part)
				}
				for _, name := range p.Imports {
					if !strings.Contains(name, ".") && !slices.Contains(tinygoPackages, name) {
						t.Errorf("%s imports %s, which is not among what TinyGo is known to have", p.ImportPath, name)
					}
				}
			}
			slices.Sort(kit)
			if want := []string{"", "/executor", "/internal/module", "/value"}; !slices.Equal(kit, want) {
				t.Errorf("of the kit these are checked: %q", kit)
			}
		})
	}
}

// checkTypes checks the types of packages on a machine of 32 bits: of those that are
// not the standard library's, everything.
func checkTypes(t *testing.T, list []listed) {
	t.Helper()
	fset, done := token.NewFileSet(), map[string]*types.Package{"unsafe": types.Unsafe}
	for _, p := range list {
		if p.ImportPath == "unsafe" {
			continue
		}
		var files []*ast.File
		for _, name := range p.files() {
			f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
		config := types.Config{
			Importer: importFunc(func(name string) (*types.Package, error) {
				if as, ok := p.ImportMap[name]; ok {
					name = as
				}
				return done[name], nil
			}),
			Sizes:            types.SizesFor("gc", "arm"),
			IgnoreFuncBodies: p.Standard,
			Error: func(err error) {
				if !p.Standard { // of which TinyGo has some packages of its own
					t.Error(err)
				}
			},
		}
		done[p.ImportPath], _ = config.Check(p.ImportPath, fset, files, nil)
	}
}

type importFunc func(name string) (*types.Package, error)

func (f importFunc) Import(name string) (*types.Package, error) { return f(name) }

// TestTinyGoDirectives holds the kit to directives that TinyGo knows, with types that
// it maps to WebAssembly, and to the exports of the ABI.
func TestTinyGoDirectives(t *testing.T) {
	for file, want := range map[string][]string{
		"internal/module/module.go": {"refold_abi_v1", "refold_alloc"},
		"abi.go":                    {"refold_describe", "refold_fold", "refold_query"},
		"executor/abi.go":           {"refold_describe", "refold_configure", "refold_execute"},
	} {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		var exports []string
		for _, decl := range f.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Doc != nil {
				exports = append(exports, checkDirectives(t, fn)...)
			}
		}
		if !slices.Equal(exports, want) {
			t.Errorf("%s exports %v, want %v", file, exports, want)
		}
	}
}

var directive = regexp.MustCompile(`^//(go:\w+|export|line|extern)\b(.*)$`)

func checkDirectives(t *testing.T, fn *ast.FuncDecl) (exports []string) {
	t.Helper()
	for _, comment := range fn.Doc.List {
		m := directive.FindStringSubmatch(comment.Text)
		if m == nil {
			continue
		}
		switch args := strings.Fields(m[2]); {
		case m[1] == "go:wasmexport" && len(args) == 1 && fn.Body != nil:
			exports = append(exports, args[0])
		case m[1] == "go:wasmimport" && len(args) == 2 && fn.Body == nil:
		default:
			t.Errorf("%s: %s is no directive that both compilers take so", fn.Name.Name, comment.Text)
		}
		for _, list := range []*ast.FieldList{fn.Type.Params, fn.Type.Results} {
			for i := range list.NumFields() {
				if i < len(list.List) && !slices.Contains([]string{"int32", "int64", "unsafe.Pointer"}, types.ExprString(list.List[i].Type)) {
					t.Errorf("%s has the type %s in its signature", fn.Name.Name, types.ExprString(list.List[i].Type))
				}
			}
		}
	}
	return exports
}
