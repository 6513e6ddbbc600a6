import type { RedisCacheStatus } from 'nestjs-redis-cache';
import type { GatewayConfig } from './config/gateway-config.js';
import { isLoopback } from './security/exposure.js';

const CACHES = {
  memory: 'memory of this process (set REDIS_URL to use Redis)',
  redis: 'Redis',
};
const POOLS = {
  local: ({ WORKER_CONCURRENCY: workers }: GatewayConfig) => `local, ${workers} workers`,
  bullmq: () => 'bullmq: worker processes (npm run start:worker), or this one while the queue is away',
};
const EXECUTORS = {
  offline: 'offline: extractive summary, no key, no network',
  'claude-cli': 'claude-cli: the Claude CLI',
  anthropic: 'anthropic: the Messages API',
};

function access({ API_KEYS: keys, HOST }: GatewayConfig): string {
  if (keys !== undefined) return `${keys.size} API keys for ${keys.names.join(', ')}`;
  if (isLoopback(HOST)) return 'this machine only, no key needed (set API_KEYS to open it to others)';
  return 'EVERYONE who can reach it, as administrator: ALLOW_ANONYMOUS is set and API_KEYS is not';
}

/** What a person wants to read after the start: where it listens, what it runs on, what to try. */
export function banner(url: string, config: GatewayConfig, cache: RedisCacheStatus): string {
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
