# The function's image, for those who have Docker; `make packages` makes it without, and takes its
# last stage from here. Everything runs on Debian trixie and its Python: what the first stage puts
# into the second was chosen for that, by the same program.
#
#   docker build --build-arg REVISION="$(git rev-parse HEAD)" \
#     --build-arg SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)" --build-arg VERSION=0.1.0 .
FROM debian:trixie-slim AS build
RUN apt-get update && apt-get install --yes --no-install-recommends mmdebstrap python3-venv
WORKDIR /source
COPY requirements-dev.txt .
RUN python3 -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements-dev.txt
COPY . .
ARG REVISION
ARG SOURCE_DATE_EPOCH
RUN /venv/bin/python -m release.rootfs /rootfs

FROM scratch AS rootfs
COPY --from=build /rootfs /

FROM scratch
ARG VERSION
ARG REVISION
COPY --from=rootfs / /
LABEL org.opencontainers.image.title="function-central-api" \
      org.opencontainers.image.description="The SCS Central API, a Crossplane composition function" \
      org.opencontainers.image.source="https://github.com/SovereignCloudStack/central-api" \
      org.opencontainers.image.vendor="Sovereign Cloud Stack" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
USER 65532:65532
EXPOSE 9443 8080
ENTRYPOINT ["/usr/bin/python3", "-Iu", "-m", "function.main"]
