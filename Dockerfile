# Builds chat2svg and ships it alone, as an unprivileged user, with its jobs on a volume.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --release --locked --package chat2svg \
    && cp target/release/chat2svg /chat2svg

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/chat2svg --create-home chat2svg
COPY --from=build /chat2svg /usr/local/bin/chat2svg
COPY LICENSE-MIT LICENSE-APACHE NOTICE /usr/share/doc/chat2svg/
USER chat2svg
WORKDIR /var/lib/chat2svg
ENV CHAT2SVG__SERVER__LISTEN=0.0.0.0:8080 \
    CHAT2SVG__STORE__PATH=/var/lib/chat2svg/jobs.sqlite \
    CHAT2SVG__LOG__FORMAT=json
VOLUME /var/lib/chat2svg
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:8080/readyz"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["chat2svg"]
CMD ["serve"]
