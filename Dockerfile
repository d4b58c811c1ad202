# Cardume with its modules, and nothing that is only for building. docs/operations.md has the deployment, docs/licences.md
# what handing this image on asks for.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY patches patches
COPY scripts/postinstall.mjs scripts/postinstall.mjs
RUN npm ci
COPY . .
RUN npm run build

FROM node:24-slim AS modules
WORKDIR /app
COPY package.json package-lock.json ./
# Before the install: its last step applies them, and the server refuses to start without them.
COPY patches patches
COPY scripts/postinstall.mjs scripts/postinstall.mjs
RUN npm ci --omit=dev --omit=peer && npm cache clean --force

FROM node:24-slim
# For voice notes, thumbnails of videos and what must be converted.
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ffmpeg \
 && rm -rf /var/lib/apt/lists/*
# An entry in /etc/passwd, because the embedded PostgreSQL asks for one; /data is for it, and for files on their way.
RUN groupadd --gid 10001 cardume \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin cardume \
 && install --directory --owner=10001 --group=10001 --mode=0700 /data
WORKDIR /app
COPY LICENSE package.json ./
COPY --from=modules /app/node_modules node_modules
COPY --from=build /app/dist/src dist/src
COPY --from=build /app/dist/workers dist/workers
# All interfaces, so it does not start without SEALING_KEYS_FILE or SEALING_KEYS, and API_KEYS or APP_BASIC_AUTH.
# Files that are uploaded are encrypted in TMPDIR first: it needs as much room as the largest of them.
# glibc would keep a heap of its own for each of many threads: two of them save 20 MB with 2 workers.
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data TMPDIR=/data MALLOC_ARENA_MAX=2
USER 10001:10001
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "const { CARDUME_PORT, PORT, APP_PORT } = process.env; fetch(`http://127.0.0.1:${CARDUME_PORT || PORT || APP_PORT || 3000}/health`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# node itself, so that it gets the signals; arguments of `docker run` are its arguments.
ENTRYPOINT ["node", "--enable-source-maps", "dist/src/main.js"]
