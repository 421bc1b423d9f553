# One image for worker, server and command line. Debian, not Alpine: the Temporal SDK's native part needs glibc.
FROM node:20.20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY types types
COPY scripts scripts
COPY src src
RUN npm run build && npm prune --omit=dev

FROM node:20.20-bookworm-slim
# Temporal connections over TLS verify against the system's authorities.
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates tini && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV NODE_ENV=production NODE_OPTIONS=--enable-source-maps OVERHAUL_DATABASE_URL=sqlite:/var/lib/overhaul/ledger.db
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
RUN mkdir /var/lib/overhaul && chown node:node /var/lib/overhaul && chmod 700 /var/lib/overhaul
VOLUME /var/lib/overhaul
USER node
# Node as process 1 would ignore signals that it has no handler for.
ENTRYPOINT ["tini", "--"]
CMD ["node", "dist/worker.js"]
