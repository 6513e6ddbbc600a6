# One image for the API and for the workers; the command decides which it is.
FROM node:22.21.1-alpine3.22@sha256:b2358485e3e33bc3a33114d2b1bdb18cdbe4df01bd2b257198eb51beb1f026c5 AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY libs/redis-connection/package.json libs/redis-connection/
COPY libs/redis-cache/package.json libs/redis-cache/
COPY libs/worker-pool/package.json libs/worker-pool/
COPY apps/gateway/package.json apps/gateway/
COPY apps/demo/package.json apps/demo/
RUN npm ci
COPY . .
# The libraries as they are published: their bundles need none of the packages that are pruned.
RUN npm run build && npm run bundle && npm prune --omit=dev
# Types, source maps and what is only built here stay behind. npm may keep a package in a folder of these three, or in none.
RUN find libs apps -path '*/dist/*' \( -name '*.d.ts' -o -name '*.map' -o -name '*.tsbuildinfo' \) -delete \
  && rm node_modules/demo node_modules/nestjs-redis-connection \
  && mkdir -p apps/gateway/node_modules libs/redis-cache/node_modules libs/worker-pool/node_modules

# What runs, and nothing else: no sources, no tests.
FROM node:22.21.1-alpine3.22@sha256:b2358485e3e33bc3a33114d2b1bdb18cdbe4df01bd2b257198eb51beb1f026c5
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/libs/redis-cache/node_modules libs/redis-cache/node_modules
COPY --from=build /app/libs/redis-cache/package.json libs/redis-cache/package.json
COPY --from=build /app/libs/redis-cache/dist libs/redis-cache/dist
COPY --from=build /app/libs/worker-pool/node_modules libs/worker-pool/node_modules
COPY --from=build /app/libs/worker-pool/package.json libs/worker-pool/package.json
COPY --from=build /app/libs/worker-pool/dist libs/worker-pool/dist
COPY --from=build /app/apps/gateway/node_modules apps/gateway/node_modules
COPY --from=build /app/apps/gateway/package.json apps/gateway/package.json
COPY --from=build /app/apps/gateway/dist apps/gateway/dist
COPY --from=build /app/apps/gateway/public apps/gateway/public
USER node
CMD ["node", "apps/gateway/dist/main.js"]
