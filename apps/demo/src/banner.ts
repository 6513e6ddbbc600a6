import type { RedisCacheStatus } from 'nestjs-redis-cache';
import type { DemoConfig } from './config/demo-config.js';

const CACHES = {
  memory: 'memory of this process (set REDIS_URL to use Redis)',
  redis: 'Redis',
};
const EXECUTORS = {
  offline: 'offline: extractive summary, no key, no network',
  'claude-cli': 'claude-cli: the Claude CLI',
};

/** What a person wants to read after the start: where it listens, what it runs on, what to try. */
export function banner(url: string, config: DemoConfig, cache: RedisCacheStatus): string {
  const body = JSON.stringify({
    prompt: 'Redis is fast. A cache keeps answers. An answer costs money once.',
  });
  return [
    `Listening on ${url}`,
    `  cache     ${CACHES[cache.backend]}`,
    `  pool      ${config.WORKER_POOL}, ${config.WORKER_CONCURRENCY} workers`,
    `  executor  ${EXECUTORS[config.WORKER_EXECUTOR]}`,
    'Try it twice:',
    `  curl -i ${url}/v1/completions -H 'content-type: application/json' -d '${body}'`,
    '',
  ].join('\n');
}
