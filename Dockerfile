# The function's image, for those who have Docker; `make packages` makes it without, and takes its
# last stage from here. Everything runs on Debian trixie and its Python: what the first stage puts
# into the second was chosen for that, by the same program.
#
#   docker build .
#
# An image for others says which commit it holds:
#
#   docker build --build-arg REVISION="$(git rev-parse HEAD)" \
#     --build-arg SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)" .
FROM debian:trixie-20261005-slim@sha256:a29215f6a35e51e22adffa17f89e9d2ef06214e64a2bad10d765c46aea49f11f AS build
RUN apt-get update && apt-get install --yes --no-install-recommends mmdebstrap python3-venv
WORKDIR /source
COPY requirements-dev.txt .
RUN python3 -m venv /venv && \
    /venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements-dev.txt && \
    /venv/bin/pip check
COPY . .
# The build context holds no git history. The default time is that of a wheel without one.
ARG REVISION=unknown
ARG SOURCE_DATE_EPOCH=1580601600
RUN /venv/bin/python -m release.rootfs /rootfs

FROM scratch AS rootfs
COPY --from=build /rootfs /

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
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
