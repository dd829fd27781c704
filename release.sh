#!/bin/sh
# Builds what a release has, in dist/: for each platform an archive with the static
# binary, the configurations to begin with and what is to be deployed beside it, a bill
# of materials (CycloneDX) of what is in the binaries, and the checksums of all.
#
#     ./release.sh VERSION [PLATFORM …]      such as: ./release.sh v1.2.3 linux/amd64
#
# The same sources and Go make the same binaries.
set -eu
cd "$(dirname "$0")"

version="${1:?name the version, such as v1.2.3}"
shift
[ $# -gt 0 ] || set -- linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64
bom="github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.9.0"

# What Go notes by itself, unless it is told not to.
revision="$(git rev-parse HEAD 2>/dev/null || true)"
# The time of the sources, for archives that are the same each time.
SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}"

rm -rf dist
mkdir -p dist
for platform; do
	os="${platform%/*}" arch="${platform#*/}" name="refold_${version}_${platform%/*}_${platform#*/}"
	binary=refold
	[ "$os" != windows ] || binary=refold.exe
	echo "building $name"
	mkdir "dist/$name"
	CGO_ENABLED=0 GOOS="$os" GOARCH="$arch" go build -trimpath -ldflags "-s -w -X main.release=$version -X main.revision=$revision" -o "dist/$name/$binary" ./cmd/refold
	cp -r LICENSE README.md CHANGELOG.md configs deploy "dist/$name/"
	rm "dist/$name"/configs/*.go
	tar -C dist --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -cf - "$name" | gzip -9n >"dist/$name.tar.gz"
	[ -e dist/sbom.cdx.json ] || go run "$bom" bin -json -licenses -version "$version" -output dist/sbom.cdx.json "dist/$name/$binary"
	rm -r "dist/$name"
done
mv dist/sbom.cdx.json "dist/refold_$version.sbom.cdx.json"
(cd dist && sha256sum -- *) >SHA256SUMS.new
mv SHA256SUMS.new dist/SHA256SUMS
cat dist/SHA256SUMS
