# Refold in an image with nothing else: no shell, no package manager, no root.
#
#     docker build -t refold --build-arg VERSION=v1.2.3 --build-arg REVISION=$(git rev-parse HEAD) .
#     docker run -v refold-data:/data -v "$PWD/pipelines":/etc/refold:ro refold
#
# A control API or a monitor for other containers has to be asked for in the
# configuration; by default the engine listens on loopback, inside the container.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=
ARG REVISION=
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.release=${VERSION} -X main.revision=${REVISION}" -o /out/refold ./cmd/refold \
	&& mkdir -p /out/owned/data /out/owned/cache /out/owned/tmp && chmod 700 /out/owned/*

FROM scratch
LABEL org.opencontainers.image.title="Refold" \
	org.opencontainers.image.source="https://github.com/refold-dev/refold" \
	org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/refold /usr/bin/refold
# Copied as what is in a folder, so that they keep their modes.
COPY --from=build --chown=65532:65532 /out/owned/ /
USER 65532:65532
ENV PATH=/usr/bin REFOLD_DATA=/data REFOLD_CACHE=/cache
VOLUME ["/data"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/refold"]
CMD ["run", "-c", "/etc/refold"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/usr/bin/refold", "status", "--json"]
