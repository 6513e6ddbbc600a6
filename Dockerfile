# One image for the API and for the workers; the command decides which it is.
FROM node:22-alpine AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY libs/redis-connection/package.json libs/redis-connection/
COPY libs/redis-cache/package.json libs/redis-cache/
COPY libs/worker-pool/package.json libs/worker-pool/
COPY apps/gateway/package.json apps/gateway/
COPY apps/demo/package.json apps/demo/
RUN npm ci
COPY . .
# The libraries as they are published: their bundles need none of the packages that are pruned.
RUN npm run build && npm run bundle && npm prune --omit=dev

FROM node:22-alpine
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app .
USER node
CMD ["node", "apps/gateway/dist/main.js"]
