//go:build acceptance

package acceptance

import (
	"debug/buildinfo"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
)

var (
	dist = flag.String("dist", "", "the folder of a release that is there, in full, in the place of one that is made")
	made sync.Once
)

// release is the folder of a release, which the lines make that say so under "Install".
func release(t *testing.T) string {
	t.Helper()
	if *dist != "" {
		return *dist
	}
	made.Do(func() {
		s := checkout(t)
		for _, line := range lines(t, "docs/OPERATIONS.md", "Install") {
			if strings.HasPrefix(line, "make ") {
				s.run(line)
			}
		}
		*dist = filepath.Join(s.dir, "dist")
	})
	if *dist == "" { // neither was it made before
		t.Fatal("there is no release: see the test before")
	}
	return *dist
}

// unpack unpacks a release's archive for a platform, and returns the folder in it.
func unpack(t *testing.T, archive string) string {
	t.Helper()
	dir := t.TempDir()
	s := &shell{t: t, dir: dir}
	s.run("tar -xzf " + archive)
	return filepath.Join(dir, strings.TrimSuffix(filepath.Base(archive), ".tar.gz"))
}

// archives are those of a release whose names fit.
func archives(t *testing.T, folder, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "refold_*"+pattern+".tar.gz"))
	if err != nil || len(found) == 0 {
		t.Fatalf("the release has no archive of %s: %v", pattern, err)
	}
	return found
}

// TestInstall does what the guide says with a release, for this platform.
func TestInstall(t *testing.T) {
	from := release(t)
	archive := archives(t, from, "_linux_"+runtime.GOARCH)[0]
	folder := unpack(t, archive)
	s := &shell{t: t, dir: t.TempDir(), env: []string{"REFOLD_DATA=" + filepath.Join(t.TempDir(), "data"),
		"PATH=" + folder + string(filepath.ListSeparator) + os.Getenv("PATH")}}
	configure(t, s.dir)
	s.run("cp " + archive + " " + from + "/SHA256SUMS " + from + "/*.sbom.cdx.json .")
	for _, line := range lines(t, "docs/OPERATIONS.md", "Install") {
		if !strings.HasPrefix(line, "make ") {
			s.run(line)
		}
	}
	version, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(archive), "refold_"), "_linux_")
	s.prints("refold version", `^refold `+regexp.QuoteMeta(version)+` \(go.*\)\nrevision: [0-9a-f]{40}`)
	s.prints("cat refold_"+version+".sbom.cdx.json", `"bomFormat": "CycloneDX"(?s:.*)"pkg:golang/github\.com/nats-io/nats-server`)
	for _, part := range []string{"configs/production.yaml", "deploy/systemd/refold.service", "LICENSE"} {
		if _, err := os.Stat(filepath.Join(folder, part)); err != nil {
			t.Error(err)
		}
	}
}

// TestPlatforms: a release has a static binary for each platform.
func TestPlatforms(t *testing.T) {
	folder := release(t)
	for _, platform := range []string{"linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64", "windows_amd64"} {
		found, err := filepath.Glob(filepath.Join(unpack(t, archives(t, folder, "_"+platform)[0]), "refold*"))
		if err != nil || len(found) != 1 {
			t.Errorf("%s: %q, %v", platform, found, err)
			continue
		}
		info, err := buildinfo.ReadFile(found[0])
		if err != nil {
			t.Errorf("%s: %v", platform, err)
			continue
		}
		if got := setting(info, "GOOS") + "_" + setting(info, "GOARCH"); got != platform || setting(info, "CGO_ENABLED") != "0" {
			t.Errorf("%s has a program for %s, with CGO_ENABLED=%s", platform, got, setting(info, "CGO_ENABLED"))
		}
	}
}

func setting(info *debug.BuildInfo, key string) string {
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}
