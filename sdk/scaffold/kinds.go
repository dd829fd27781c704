package scaffold

import (
	"io/fs"
	"path"
	"strings"

	"github.com/refold-dev/refold/sdk"
	"github.com/refold-dev/refold/sdk/language"
)

// kind is what sets a language's projects apart.
type kind struct {
	// Kit says in the README where the kit is, and how to do without the copy once
	// the kit is published: none is yet.
	Kit string
	// Prepare is the command that fetches what a project is built with; empty where
	// that is installed for all of them.
	Prepare string
	// Ignored is what git is not to keep, besides the data directory.
	Ignored []string

	// reserved are names that the language has no project by.
	reserved []string

	module string                   // the ending of the file that a pipeline names
	kit    func(draft string) error // puts the kit's sources into the project
}

var kinds = map[language.Language]*kind{
	language.Go: {
		Kit: "The kit lies in `refold/`, so that nothing has to be fetched. Once it is published: remove the folder and the\n" +
			"`replace` line of go.mod, then `go get github.com/refold-dev/refold@latest`. Its guide: `refold/sdk/go/README.md`.",
		Ignored: []string{"*.wasm"},
		module:  ".wasm",
		kit:     goKit,
	},
	language.C: {
		Kit: "The kit is `refold.h`, one header; a newer one takes its place. What it offers, and how a resident projection\n" +
			"is written, stands in its comments.",
		Ignored: []string{"*.wasm"},
		module:  ".wasm",
		kit:     cKit,
	},
	language.Rust: {
		Kit: "The kit lies in `refold/`, so that nothing has to be fetched. Once it is published: remove the folder, and write\n" +
			"`refold = \"0.1\"` into Cargo.toml. Its guide: `cargo doc --open`.",
		Ignored:  []string{"*.wasm", "/target/"},
		reserved: rustNames,
		module:   ".wasm",
		kit:      rustKit,
	},
	language.AssemblyScript: {
		Prepare: "npm install",
		Kit: "`npm install` fetches the compiler. The kit lies in `refold/`; once it is published: remove the folder, write\n" +
			"`\"@refold-dev/assemblyscript\": \"^0.1.0\"` into package.json, and `./node_modules` for `./refold` into asconfig.json, without `path`.",
		Ignored: []string{"*.wasm", "/node_modules/"},
		module:  ".wasm",
		kit:     assemblyScriptKit,
	},
	language.Zig: {
		Kit: "The kit lies in `refold/`, so that nothing has to be fetched; its guide is `refold/README.md`, with what a `build.zig`\n" +
			"needs, if you want one: `plugin build` then runs `zig build`.",
		Ignored: []string{"*.wasm", "/.zig-cache/", "/zig-cache/", "/zig-out/"},
		module:  ".wasm",
		kit:     zigKit,
	},
	language.JavaScript: {
		Kit: "There is nothing to install: what runs the script is part of Refold, and `plugin build` looks at it only. `refold.d.ts`\n" +
			"tells an editor what a script may call.",
		module: ".js",
		kit:    javascriptKit,
	},
}

// rustNames are words of Rust, and crates that are there already.
var rustNames = strings.Fields(`as async await box break const continue crate do dyn else enum extern false final fn for
	if impl in let loop macro match mod move mut override priv pub ref return self static struct super trait true try type
	typeof unsafe unsized use virtual where while yield abstract become gen alloc core proc_macro std test refold`)

// Languages lists the languages in which there are projects, the usual ones
// first.
func Languages() []language.Language {
	var list []language.Language
	for _, l := range []language.Language{language.Go, language.Rust, language.AssemblyScript, language.Zig, language.JavaScript, language.C} {
		if kinds[l] != nil {
			list = append(list, l)
		}
	}
	return list
}

// Prepare is the command that has to be run once in a new project of a language,
// before it is built; empty if there is none.
func Prepare(l language.Language) string { return kinds[l].Prepare }

// goKit makes the module that go.mod replaces the published one by.
func goKit(draft string) error {
	const module = "module github.com/refold-dev/refold\n\ngo 1.26\n"
	if err := put(draft, "refold/go.mod", []byte(module)); err != nil {
		return err
	}
	return vendor(draft, sdk.Go, ".", "refold/sdk", func(file string) bool { return !strings.HasSuffix(file, "_test.go") })
}

func cKit(draft string) error {
	return vendor(draft, sdk.C, "c", ".", func(string) bool { return true })
}

func rustKit(draft string) error {
	return vendor(draft, sdk.Rust, "rust", "refold", func(string) bool { return true })
}

// assemblyScriptKit puts the package where asconfig.json has asc look for packages.
func assemblyScriptKit(draft string) error {
	return vendor(draft, sdk.AssemblyScript, "assemblyscript", "refold/@refold-dev/assemblyscript", func(string) bool { return true })
}

func zigKit(draft string) error {
	return vendor(draft, sdk.Zig, "zig", "refold", func(string) bool { return true })
}

func javascriptKit(draft string) error {
	return vendor(draft, sdk.JavaScript, "javascript", ".", func(string) bool { return true })
}

// vendor copies those files of a kit that are wanted, from a folder of it to one
// of the project.
func vendor(draft string, kit fs.FS, from, to string, wanted func(file string) bool) error {
	return fs.WalkDir(kit, from, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !wanted(file) {
			return err
		}
		text, err := fs.ReadFile(kit, file)
		if err != nil {
			return err
		}
		return put(draft, path.Join(to, strings.TrimPrefix(strings.TrimPrefix(file, from), "/")), text)
	})
}
