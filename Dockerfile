# Refold in an image with nothing else: no shell, no package manager, no root.
#
#     docker build -t refold .
#     docker run -v refold-data:/data -v ./pipelines:/etc/refold:ro refold
#
# A control API or a monitor for other containers has to be asked for in the
# configuration; by default the engine listens on loopback, inside the container.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.release=${VERSION}" -o /out/refold ./cmd/refold \
	&& mkdir -p /out/data /out/cache /out/tmp && chmod 700 /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/refold /usr/bin/refold
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build --chown=65532:65532 /out/cache /cache
COPY --from=build --chown=65532:65532 /out/tmp /tmp
USER 65532:65532
ENV REFOLD_CACHE=/cache
VOLUME ["/data"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/refold", "--data", "/data"]
CMD ["run", "-c", "/etc/refold"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/usr/bin/refold", "--data", "/data", "status", "--json"]
