# The site as one node, for docker-compose.yml or wherever containers run. It needs DATABASE_URL and SESSION_SECRET.

# The database that comes from npm, and the compiler that one package would read settings in TypeScript with.
ARG UNUSED="@embedded-postgres typescript @typescript"

FROM node:24-bookworm-slim AS build
ARG UNUSED
WORKDIR /site
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && npm run --silent sbom -- --without "$UNUSED" >sbom.cdx.json

FROM node:24-bookworm-slim AS dependencies
ARG UNUSED
WORKDIR /site
COPY package.json package-lock.json ./
# Not --omit=optional: argon2's binary is an optional dependency, too.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && cd node_modules && rm -rf $UNUSED

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 METRICS_HOST=0.0.0.0 PORT=3000
WORKDIR /site
COPY --from=dependencies /site/node_modules ./node_modules
# What it is made of. The packages have their licences in their folders, those that browsers load in public/assets.
COPY --from=build /site/sbom.cdx.json ./
COPY package.json LICENSE ./
COPY views ./views
COPY --from=build /site/public ./public
COPY --from=build /site/dist ./dist
# Uploaded pictures: a volume, which several nodes share.
RUN mkdir -p data/images && chown -R node:node data
USER node
EXPOSE 3000
# Node itself, not npm, which does not hand on the signal.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "--max-semi-space-size=4", "dist/server.js"]
