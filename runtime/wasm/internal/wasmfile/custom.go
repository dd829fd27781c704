package wasmfile

import "strings"

// custom reads a custom section; keep is false for a name section that is
// malformed.
func (f *File) custom(r *reader) (keep bool) {
	name := r.name()
	keep = true
	if name == "name" && r.err == nil {
		rest := &reader{b: r.b[r.at:]}
		named := names(rest)
		keep = rest.err == nil
		f.Named = f.Named || keep && named
	}
	r.at = len(r.b)
	return keep
}

// positional reports whether a custom section, which is well formed, refers to
// offsets in the code: debug information, relocations, hints for branches.
func positional(body []byte) bool {
	name := (&reader{b: body}).name()
	for _, prefix := range []string{".debug_", "reloc.", "metadata.code.", "code_annotation."} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return name == "linking" || name == "sourceMappingURL" || name == "external_debug_info"
}

// Subsections of the name section.
const (
	subModule    = 0
	subFunctions = 1
	subLocals    = 2
)

// names reads a name section, and reports whether it names a function.
func names(r *reader) (functions bool) {
	for r.more() {
		id := r.byte()
		sub := r.sub(r.u32())
		switch id {
		case subModule:
			sub.name()
		case subFunctions:
			functions = nameMap(sub) > 0
		case subLocals:
			for n := sub.count("functions"); n > 0 && sub.err == nil; n-- {
				sub.u32()
				nameMap(sub)
			}
		default:
			sub.at = len(sub.b)
		}
		sub.end("subsection")
		r.err = sub.err
	}
	return functions
}

// nameMap reads names by index, and returns how many there are.
func nameMap(r *reader) (count uint32) {
	count = r.count("names")
	for n := count; n > 0 && r.err == nil; n-- {
		r.u32()
		r.name()
	}
	return count
}
