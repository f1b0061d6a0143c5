# One image with all programs, for docker-compose.yml and for wherever containers run.
FROM node:22-slim AS build
WORKDIR /tillbook
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node scripts/build.mjs api worker simulator migrate populate credential outbox verify
# The sources are in the bundles already. Who cloned may have kept the files to themselves; they are read by node.
RUN find config ! -name '*.json' '(' -type f -o -empty ')' -delete && chmod -R a+rX config migrations

FROM node:22-slim
WORKDIR /tillbook
ENV NODE_ENV=production
COPY --from=build /tillbook/bin bin
COPY --from=build /tillbook/config config
COPY --from=build /tillbook/migrations migrations
# Argon2 is machine code, which no bundle holds.
COPY --from=build /tillbook/node_modules/@node-rs node_modules/@node-rs
USER node
EXPOSE 8080 9111
# The other programs are named in place of it, as docker-compose.yml does.
CMD ["bin/tillbook-api", "config/api/compose.json"]
