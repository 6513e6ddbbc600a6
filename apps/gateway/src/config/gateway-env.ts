import { z } from 'zod';
import { anthropicShape } from './anthropic-env.js';
import { cachingShape } from './caching-env.js';
import { workerShape } from './worker-env.js';
import { securityShape } from './security-env.js';

const MAX_PORT = 65_535;
const MAX_TIMEOUT_MS = 3_600_000;

const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

const schema = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: whole(0, MAX_PORT).default(3000),
  MAX_BODY_BYTES: whole(1_024, 64 * 1024 * 1024).default(1024 * 1024),
  MAX_PROMPT_BYTES: whole(1, 64 * 1024 * 1024).default(512 * 1024),
  CLAUDE_CLI_PATH: z.string().default('claude'),
  TASK_TIMEOUT_MS: whole(1, MAX_TIMEOUT_MS).default(120_000),
  QUEUE_CONSUMERS: whole(0, 1_000).default(1),
  QUEUE_LEASE_SECONDS: whole(1, 86_400).default(30),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  SHUTDOWN_GRACE_MS: whole(0, MAX_TIMEOUT_MS).default(1_000),
  SHUTDOWN_DRAIN_MS: whole(0, MAX_TIMEOUT_MS).default(10_000),
  ...workerShape,
  ...anthropicShape,
  ...cachingShape,
  ...securityShape,
});

/**
 * The gateway's own settings, beside those of the cache (see `optionsFromEnv`) and of its protection (see `securityShape`).
 *
 * | variable | meaning | default |
 * |---|---|---|
 * | `HOST`, `PORT` | where the API listens; port 0 takes a free one | `127.0.0.1`, `3000` |
 * | `MAX_BODY_BYTES` | size of a request body | 1,048,576 |
 * | `MAX_PROMPT_BYTES` | size of a prompt in UTF-8 | 524,288 |
 * | `WORKER_POOL` | `local`: tasks run in the API process; `bullmq`: in worker processes | `local` |
 * | `QUEUE_REDIS_URL` | Redis of the worker processes' queue | that of the cache |
 * | `QUEUE_KEY_PREFIX` | start of the queue's keys there | `worker-pool` |
 * | `QUEUE_COMMAND_TIMEOUT_MS` | deadline of a call to it, after which a request is computed in the API | 1,000 |
 * | `WORKER_CONCURRENCY` | tasks at the same time in a process | 5 |
 * | `WORKER_GLOBAL_CONCURRENCY` | tasks at the same time in all worker processes; 0: no limit | as it was |
 * | `WORKER_RATE_LIMIT` | tasks that may start within the window, in all worker processes | no limit |
 * | `WORKER_RATE_WINDOW_MS` | the window | 1,000 |
 * | `WORKER_MAX_ATTEMPTS` | how often a task is started when its workers die | 3 |
 * | `WORKER_BACKLOG` | tasks that may wait | 1,000 |
 * | `WORKER_EXECUTOR` | `offline`, `claude-cli` or `anthropic` | `offline` |
 * | `CLAUDE_CLI_PATH` | executable of the `claude-cli` executor | `claude` |
 * | `ANTHROPIC_API_KEY` | key of the `anthropic` executor, which needs one | |
 * | `ANTHROPIC_BASE_URL` | where it finds the API | `https://api.anthropic.com` |
 * | `ANTHROPIC_MODEL` | its model for requests that name none | `claude-sonnet-5-5` |
 * | `ANTHROPIC_MAX_RETRIES` | how often it repeats an attempt that got no answer | 2 |
 * | `MESSAGES_PING_MS` | how long a stream of `POST /v1/messages` may be silent before its answer | 10,000 |
 * | `TASK_TIMEOUT_MS` | time limit of a task | 120,000 |
 * | `QUEUE_CONSUMERS` | queued requests handled at the same time, of all tenants in turn; 0: none | 1 |
 * | `QUEUE_LEASE_SECONDS` | how late, after a crash, another process handles a queued request | 30 |
 * | `LOG_LEVEL` | least level that is logged, or `silent` | `info` |
 * | `SHUTDOWN_GRACE_MS` | how long `/health` says 503 before the server stops listening | 1,000 |
 * | `SHUTDOWN_DRAIN_MS` | how long running work may go on after that | 10,000 |
 * | `MAX_TTL_SECONDS` | longest `ttl_seconds` that a request may ask for | 2,592,000 |
 * | `MAX_TAGS` | most `tags` that a request may give, 16 at most | 8 |
 * | `CACHE_STALE_SECONDS` | how long past its TTL an answer is served when computing fails or is slow | 3,600 |
 * | `CACHE_SOFT_TIMEOUT_MS` | how long a request waits for a new answer while there is such an old one | 2,000 |
 * | `CACHE_REFRESH_AHEAD` | part of the TTL after which a hit is refreshed behind it; 1: never | 1 |
 * | `CACHE_NEAR` | `false`: no copies in this process | `true` |
 * | `SSE_HEARTBEAT_MS` | how often an event stream shows that its connection stands | 15,000 |
 */
export type GatewayEnv = z.output<typeof schema>;

/** A variable with a wrong value. The message names the variable and never repeats the value. */
export class InvalidEnvError extends Error {
  constructor(
    readonly variable: string,
    problem: string,
  ) {
    super(`${variable} is invalid: ${problem}`);
    this.name = 'InvalidEnvError';
  }
}

/**
 * Reads the settings. An empty variable counts as absent.
 *
 * @throws {InvalidEnvError} naming the first wrong variable
 */
export function readGatewayEnv(env: NodeJS.ProcessEnv): GatewayEnv {
  const given = Object.fromEntries(
    Object.keys(schema.shape)
      .map((name) => [name, env[name]] as const)
      .filter(([, value]) => value !== undefined && value !== ''),
  );
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new InvalidEnvError(String(issue.path[0]), issue.message);
}
