package toolchain

import "testing"

// TestZigVersions holds which flags a version takes, of versions that do exist.
func TestZigVersions(t *testing.T) {
	for text, want := range map[string]struct {
		modules bool
		safe    string
	}{
		"0.11.0":                      {false, "ReleaseSafe"},
		"0.12.0-dev.1286+cc394431a":   {false, "ReleaseSafe"},
		"0.12.0":                      {true, "ReleaseSafe"},
		"0.13.0":                      {true, "ReleaseSafe"},
		"0.16.0-dev.1234+000000000":   {true, "ReleaseSafe"},
		"0.17.1":                      {true, "safe"},
		"1.0.0":                       {true, "safe"},
		"of a build without a number": {true, "safe"},
	} {
		v := parseZigVersion(text)
		if v.hasModules() != want.modules || v.safe() != want.safe {
			t.Errorf("%s: modules %v, %s; want %+v", text, v.hasModules(), v.safe(), want)
		}
	}
}
