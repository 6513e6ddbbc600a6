import 'reflect-metadata';
import { RedisCacheService, type RedisCacheStatus } from 'nestjs-redis-cache';
import type { GatewayConfig } from './config/gateway-config.js';
import { createApp } from './create-app.js';
import { isLoopback } from './http/addresses.js';

const CACHES = {
  memory: 'memory of this process (set REDIS_URL to use Redis)',
  redis: 'Redis',
};
const POOLS = {
  local: ({ WORKER_CONCURRENCY: workers }: GatewayConfig) => `local, ${workers} workers`,
  bullmq: () =>
    'bullmq: worker processes (npm run start:worker), or this process while the queue is unavailable',
};
const EXECUTORS = {
  offline: 'offline: extractive summary, no key, no network',
  'claude-cli': 'claude-cli: the Claude CLI',
  anthropic: 'anthropic: the Messages API',
};

/** What a person wants to know after the start: the address, the setup, and a request to try. */
function banner(url: string, config: GatewayConfig, cache: RedisCacheStatus): string {
  const body = JSON.stringify({
    prompt: 'Redis is fast. A cache keeps answers. An answer costs money once.',
  });
  const key = config.API_KEYS === undefined ? '' : ' -H "x-api-key: $API_KEY"';
  return [
    `Listening on ${url}`,
    `  cache     ${CACHES[cache.backend]}`,
    `  pool      ${POOLS[config.WORKER_POOL](config)}`,
    `  executor  ${EXECUTORS[config.WORKER_EXECUTOR]}`,
    `  access    ${access(config)}`,
    'Try it twice:',
    `  curl -i ${url}/v1/completions -H 'content-type: application/json'${key} -d '${body}'`,
    '',
  ].join('\n');
}

function access({ API_KEYS: keys, HOST }: GatewayConfig): string {
  if (keys !== undefined) return `${keys.size} API keys for ${keys.names.join(', ')}`;
  if (isLoopback(HOST)) return 'this machine only, no key needed (set API_KEYS to open it to others)';
  return 'EVERYONE who can reach it, as administrator: ALLOW_ANONYMOUS is set and API_KEYS is not';
}

async function main(): Promise<void> {
  const { app, config, listen } = await createApp();
  await listen();
  process.stdout.write(banner(await app.getUrl(), config, app.get(RedisCacheService).getStatus()));
}

function reasonOf(error: unknown): string {
  const { code, address, port } = Object(error) as NodeJS.ErrnoException & {
    address?: string;
    port?: number;
  };
  if (code !== 'EADDRINUSE' || port === undefined)
    return error instanceof Error ? error.message : String(error);
  return `another program listens on port ${port} of ${address} (EADDRINUSE). Choose another port: PORT=${port + 1} npm start`;
}

main().catch((error: unknown) => {
  process.stderr.write(`The gateway did not start: ${reasonOf(error)}\n`);
  // Open connections would otherwise keep the process running.
  process.exit(1);
});
