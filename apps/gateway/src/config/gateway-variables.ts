import { z } from 'zod';
import { parseApiKeys } from './api-keys.js';
import { defaultsInWords, type ExecutorDefaults } from './executor-defaults.js';
import { InvalidListError, parseHosts, parseOrigins, parseProxies } from './parse-addresses.js';

const MAX_MS = 3_600_000;
const MAX_SECONDS = 315_360_000;
const MAX_BYTES = 64 * 1024 * 1024;
/** 1 TiB. */
const MAX_QUEUE_BYTES = 2 ** 40;
const MAX_TASKS = 1_000_000;
const MAX_LIMIT = 1_000_000_000;
const MAX_HELD_BYTES = 64 * 1024 * 1024 * 1024;
const MAX_ID = 2 ** 32 - 2;

const whole = (min: number, max: number) => {
  const must = `must be a whole number from ${min} to ${max}`;
  return z.coerce.number(must).int(must).min(min, must).max(max, must);
};
const flag = () => z.stringbool({ truthy: ['true'], falsy: ['false'], error: 'must be true or false' });
const oneOf = <const T extends readonly string[]>(...values: T) =>
  z.enum(values, `must be one of ${values.join(', ')}`);

/** A number whose default is the executor's, see `EXECUTOR_DEFAULTS`. */
const byExecutor = (name: keyof ExecutorDefaults, schema: ReturnType<typeof whole>, description: string) =>
  schema.optional().meta({ description, unset: defaultsInWords(name) });

/** A comma-separated list. The message of an {@link InvalidListError} becomes the variable's problem. */
const list = <T>(parse: (text: string) => T) =>
  z.string().transform((text, context) => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof InvalidListError)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
      return z.NEVER;
    }
  });

/**
 * The gateway's own environment variables: name, type, default, limits and meaning, each stated here only. `unset` says
 * what applies when a variable without a default is not set. The variables of the cache's connection are those of
 * `optionsFromEnv`; `ANTHROPIC_API_KEY` is read by the executor itself, so that the configuration holds no copy of it.
 */
export const gatewayVariables = {
  HOST: z.string().default('127.0.0.1').describe('Address on which the API listens'),
  PORT: whole(0, 65_535).default(3000).describe('Port on which the API listens; 0 takes a free one'),
  LOG_LEVEL: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent')
    .default('info')
    .describe('Lowest level that is logged'),
  MAX_BODY_BYTES: byExecutor('MAX_BODY_BYTES', whole(1_024, MAX_BYTES), 'Largest request body, in bytes'),
  MAX_PROMPT_BYTES: byExecutor(
    'MAX_PROMPT_BYTES',
    whole(1, MAX_BYTES),
    'Largest text of a request, in bytes of UTF-8: its prompt, or its messages and system prompt',
  ),
  MAX_BODIES_BYTES: byExecutor(
    'MAX_BODIES_BYTES',
    whole(1_024, MAX_HELD_BYTES),
    'Bytes of all request bodies that this process holds at the same time, until their responses end; above it requests get 503 or 529 with `Retry-After`',
  ),
  TENANT_BODIES_BYTES: whole(1_024, MAX_HELD_BYTES).optional().meta({
    description:
      'Bytes of request bodies of one tenant that this process holds at the same time; above it requests get 429 with `Retry-After`',
    unset: 'half of `MAX_BODIES_BYTES`, at least `MAX_BODY_BYTES`; all of it if there is one tenant',
  }),
  SHUTDOWN_GRACE_MS: whole(0, MAX_MS)
    .default(1_000)
    .describe('How long `/health` returns 503 before the server stops listening, in milliseconds'),
  SHUTDOWN_DRAIN_MS: whole(0, MAX_MS)
    .default(10_000)
    .describe('How long running work may continue after `SHUTDOWN_GRACE_MS`, in milliseconds'),
  SSE_HEARTBEAT_MS: whole(10, MAX_MS)
    .default(15_000)
    .describe('Interval of the heartbeats in the event stream of a task, in milliseconds'),

  WORKER_EXECUTOR: oneOf('offline', 'claude-cli', 'anthropic')
    .default('offline')
    .describe('What computes a completion'),
  CLAUDE_CLI_PATH: z.string().default('claude').describe('Executable of the `claude-cli` executor'),
  CLAUDE_CLI_MAX_RETRIES: whole(0, 100)
    .default(0)
    .describe(
      'How often the `claude-cli` executor repeats a run that the API refused with 408, 409, 429 or 5xx',
    ),
  CLAUDE_CLI_UID: whole(0, MAX_ID).optional().meta({
    description: 'Id of the user that the CLI runs as; the gateway then needs root',
    unset: 'the user of the gateway',
  }),
  CLAUDE_CLI_GID: whole(0, MAX_ID).optional().meta({
    description: 'Id of the group that the CLI runs as; only with `CLAUDE_CLI_UID`',
    unset: '`CLAUDE_CLI_UID`',
  }),
  CLAUDE_CLI_HOME: z.string().optional().meta({
    description: 'Home directory of the CLI, with its login and configuration',
    unset: '`HOME` of the gateway',
  }),
  ANTHROPIC_BASE_URL: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .optional()
    .meta({
      description: 'URL of the API that the `anthropic` executor calls',
      unset: '`https://api.anthropic.com`',
    }),
  ANTHROPIC_MODEL: z.string().trim().min(1, 'must not be blank').optional().meta({
    description: 'Model of the `anthropic` executor for requests that name none',
    unset: '`claude-sonnet-5-5`',
  }),
  ANTHROPIC_MAX_RETRIES: whole(0, 100)
    .default(2)
    .describe('How often the `anthropic` executor retries an attempt that got no response'),
  STRICT_FIELDS: flag()
    .default(false)
    .describe(
      'Whether the `anthropic` executor refuses fields, betas, content blocks and tools that the gateway does not know; `false`: they are sent unchanged and are part of the cache key',
    ),
  MESSAGES_PING_MS: whole(1, MAX_MS)
    .default(10_000)
    .describe('Longest silence of a streamed completion before a ping, in milliseconds'),

  WORKER_POOL: oneOf('local', 'bullmq')
    .default('local')
    .describe('Where tasks run: `local` in the API process, `bullmq` in worker processes'),
  WORKER_CONCURRENCY: byExecutor(
    'WORKER_CONCURRENCY',
    whole(1, 10_000),
    'Tasks that one process runs at the same time',
  ),
  WORKER_BACKLOG: whole(0, MAX_TASKS)
    .default(1_000)
    .describe('Tasks that may wait for a worker; above it requests get 429 with `Retry-After`'),
  TASK_TIMEOUT_MS: byExecutor('TASK_TIMEOUT_MS', whole(1, MAX_MS), 'Time limit of a task, in milliseconds'),
  TASK_RESULT_TTL_MS: whole(1, MAX_MS)
    .default(600_000)
    .describe(
      'How long the result of an ended task can be read, in milliseconds; it takes memory until then',
    ),
  WORKER_MAX_ATTEMPTS: whole(1, 100).default(3).describe('How often a task is started when its workers die'),
  WORKER_GLOBAL_CONCURRENCY: whole(0, MAX_TASKS).optional().meta({
    description: 'Tasks that all worker processes run at the same time; kept in Redis; 0: no limit',
    unset: 'the last value set',
  }),
  WORKER_RATE_LIMIT: whole(1, MAX_TASKS).optional().meta({
    description: 'Tasks that all worker processes may start within `WORKER_RATE_WINDOW_MS`',
    unset: 'no limit',
  }),
  WORKER_RATE_WINDOW_MS: whole(1, MAX_MS)
    .default(1_000)
    .describe('Window of `WORKER_RATE_LIMIT`, in milliseconds'),
  QUEUE_REDIS_URL: z
    .url({ protocol: /^(rediss?|unix)$/, error: 'must be an address such as redis://localhost:6379' })
    .optional()
    .meta({ description: "Redis of the worker processes' queue", unset: 'the Redis of the cache' }),
  QUEUE_KEY_PREFIX: z
    .string()
    .default('worker-pool')
    .describe("Prefix of the keys of the worker processes' queue; two queues on one Redis differ in it"),
  QUEUE_COMMAND_TIMEOUT_MS: whole(1, 60_000)
    .default(1_000)
    .describe(
      "Deadline of a call to the queue's Redis, in milliseconds; after it the API process computes the request",
    ),

  MAX_TTL_SECONDS: whole(1, MAX_SECONDS)
    .default(30 * 24 * 60 * 60)
    .describe('Largest `ttl_seconds` of a request'),
  MAX_TAGS: whole(0, 16).default(8).describe('Most `tags` of a request'),
  CACHE_STALE_SECONDS: whole(0, MAX_SECONDS)
    .default(3_600)
    .describe(
      'How long after its TTL a completion may be served when computing fails or is slow, in seconds',
    ),
  CACHE_SOFT_TIMEOUT_MS: whole(0, MAX_MS)
    .default(2_000)
    .describe('How long a request waits for a new completion before it gets the stale one, in milliseconds'),
  CACHE_REFRESH_AHEAD: z.coerce
    .number('must be a number')
    .gt(0, 'must be above 0')
    .max(1, 'must be at most 1')
    .default(1)
    .describe('Fraction of the TTL after which a hit starts a refresh in the background; 1: never'),
  HIT_USAGE: oneOf('original', 'zero')
    .default('original')
    .describe(
      'Usage that a response from the cache reports: `original`, that of the computation; `zero`, so that clients which add up their usage do not count it again. What is stored stays the same',
    ),
  CACHE_NEAR: flag().default(true).describe('Whether this process keeps copies of entries in its memory'),

  QUEUE_CONSUMERS: whole(0, 1_000)
    .default(1)
    .describe('Queued requests handled at the same time, taken from all tenants in turn; 0: none'),
  QUEUE_LEASE_SECONDS: whole(1, 86_400)
    .default(30)
    .describe('After a crash, how long until another process handles a queued request, in seconds'),
  QUEUE_QUOTA: whole(1, MAX_LIMIT)
    .default(10_000)
    .describe('Requests of a tenant that may wait in its queue; above it 429 with `Retry-After`'),
  QUEUE_QUOTA_BYTES: whole(1, MAX_QUEUE_BYTES)
    .default(256 * 1024 * 1024)
    .describe(
      'Bytes that the queue of a tenant may hold, waiting or being handled; above it 429 with `Retry-After`',
    ),

  API_KEYS: list(parseApiKeys).optional().meta({
    description:
      'Keys of tenants, comma-separated: `name:key`, `name:key:admin` or `name:key:monitor`; kept hashed',
    unset: 'no key is needed: every caller is the tenant `anonymous`',
  }),
  ALLOW_ANONYMOUS: flag()
    .default(false)
    .describe('Whether a server without `API_KEYS` may listen on an address that other machines can reach'),
  ALLOWED_HOSTS: list(parseHosts)
    .default([])
    .describe(
      'Host names, comma-separated, that a server without keys on a loopback address accepts in addition to `localhost` and loopback addresses',
    ),
  CORS_ORIGINS: list(parseOrigins)
    .default([])
    .describe(
      'Origins of web pages, comma-separated, whose scripts may call the API and read its responses, such as `https://app.example`',
    ),
  TRUST_PROXY: list(parseProxies).optional().meta({
    description:
      'Proxies whose `X-Forwarded-For` is trusted, comma-separated: addresses, networks, `loopback`, `linklocal`, `uniquelocal`',
    unset: 'none',
  }),
  RATE_LIMIT_PER_MINUTE: whole(0, MAX_LIMIT)
    .default(600)
    .describe('Requests of a tenant per minute, over all processes on one Redis; 0: no limit'),
  FAILED_KEYS_PER_MINUTE: whole(0, MAX_LIMIT)
    .default(30)
    .describe(
      'Requests per minute of an address without a valid key that get 401; above it 429; 0: no limit',
    ),
  MAX_CONNECTIONS: whole(1, MAX_TASKS)
    .default(10_000)
    .describe('Open connections of each address on which the API listens; above it new ones are closed'),
  MAX_EVENT_STREAMS: whole(1, MAX_TASKS)
    .default(200)
    .describe(
      'Open streams of `/v1/events` and `/v1/tasks/:id/events` in this process, shared fairly among tenants; above it 503 with `Retry-After`',
    ),
  MAX_HEADER_BYTES: whole(1_024, 1024 * 1024)
    .default(16 * 1024)
    .describe('Largest size of all headers of a request, its URL included, in bytes'),
  MAX_URL_LENGTH: whole(128, 64 * 1024)
    .default(4_096)
    .describe('Longest URL, in characters'),
  HEADERS_TIMEOUT_MS: whole(1, MAX_MS)
    .default(10_000)
    .describe('How long a client may take to send its headers, in milliseconds'),
  REQUEST_TIMEOUT_MS: byExecutor(
    'REQUEST_TIMEOUT_MS',
    whole(1, MAX_MS),
    'How long a client may take to send a whole request, in milliseconds',
  ),
  KEEP_ALIVE_TIMEOUT_MS: whole(1, MAX_MS)
    .default(72_000)
    .describe(
      'How long an unused connection is kept open, in milliseconds; choose more than that of a proxy in front',
    ),
  CONNECTION_TIMEOUT_MS: whole(0, 2 * MAX_MS)
    .optional()
    .meta({
      description:
        'How long a connection may be silent in both directions, a running task included, in milliseconds; 0: forever',
      unset: '600,000, or `TASK_TIMEOUT_MS` and a minute if that is longer',
    }),
};
