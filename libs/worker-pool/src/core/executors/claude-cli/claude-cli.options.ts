import { isAbsolute, resolve, sep } from 'node:path';
import { optionsObject, type OptionsOf, wholeNumber } from 'nestjs-redis-connection';
import { z } from 'zod';
import { MAX_TIMER_MS, parseOptions } from '../../contract/validation.js';

/**
 * Model names that are allowed on a command line: `sonnet`, `claude-sonnet-4-5-20250929`, `opus[1m]`,
 * `us.anthropic.claude-sonnet-4:0`, an ARN. Never something that could be read as an option.
 */
export const MODEL_NAME = /^[A-Za-z0-9][\w.:/@[\]-]{0,199}$/;

/** The environment variables that the CLI needs; none of them changes its behaviour as an agent. */
export const DEFAULT_ENV_ALLOW_LIST: readonly string[] = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'TZ',
  'TMPDIR',
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_AUTH_TOKEN',
  'ANTHROPIC_BASE_URL',
  'CLAUDE_CODE_OAUTH_TOKEN',
  'CLAUDE_CONFIG_DIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];

const MAX_OUTPUT_BYTES = 1_000_000_000;
const MAX_ID = 2 ** 32 - 2;

const OBJECT = { error: 'must be an object' };
const withoutNul = (error: string): z.ZodString => z.string({ error }).regex(/^[^\0]*$/, { error });
const nonEmpty = withoutNul('must be a non-empty string').min(1, { error: 'must be a non-empty string' });
const model = z
  .string({ error: 'must be a string' })
  .regex(MODEL_NAME, { error: 'must be the name of a model' });
const variable = z
  .string({ error: 'must be the name of a variable' })
  .regex(/^[A-Za-z_]\w*$/, { error: 'must be the name of a variable' });

/** The options of {@link ClaudeCliExecutor}. */
export const claudeCliShape = {
  /**
   * The program: a name on the PATH, or a path (relative to the current directory). Started without a shell; if it is
   * missing, each request fails with `ProcessStartError`. Default: `claude`.
   */
  executable: nonEmpty.default('claude'),

  /**
   * Model or alias of requests that name none. Without it the CLI chooses, and cache keys contain `default` even when
   * the CLI's choice changes. Default: none.
   */
  defaultModel: model.optional(),

  /**
   * Alternative names of models, such as `{ fast: 'haiku' }`. They are resolved before the cache key is computed: two
   * names of one model share their entries. Default: none.
   */
  modelAliases: z.record(z.string(), model, OBJECT).readonly().default({}),

  /**
   * Maximum run time, in milliseconds; then the process group is ended and the request fails with
   * `ProcessTimeoutError`. A safeguard: the pool's own time limit usually applies first. Default: 300,000.
   */
  wallTimeoutMs: wholeNumber(1, MAX_TIMER_MS).default(300_000),

  /**
   * Maximum time without output, in milliseconds, with the same consequence. The CLI writes each part of the answer as it
   * comes. Default: 300,000.
   */
  idleTimeoutMs: wholeNumber(1, MAX_TIMER_MS).default(300_000),

  /**
   * Maximum size of stdout, and of stderr, in bytes; beyond it the process group is ended and the request fails with
   * `ProcessOutputLimitError`. Default: 10,000,000. The report and each single event must be within the limit; all events
   * together may be 64 times as large.
   */
  maxOutputBytes: wholeNumber(1, MAX_OUTPUT_BYTES).default(10_000_000),

  /**
   * Time between SIGTERM and SIGKILL for the process group, in milliseconds. A cancelled request occupies its worker
   * for at most this long. Default: 2,000.
   */
  killGraceMs: wholeNumber(0, MAX_TIMER_MS).default(2_000),

  /**
   * How often a run is repeated when the API refused it with 408, 409, 429 or 5xx before the answer began, after 0.4 to 8 s.
   * The worker stays occupied meanwhile. 0: the request fails at once, with the API's status. Default: 0.
   */
  maxRetries: wholeNumber(0, 100).default(0),

  /**
   * Id of the operating system's user that the CLI runs as. Without it the CLI runs as the user of this process, and can
   * then read this process's variables and memory. Needs root, or the capabilities to change the user, to signal that
   * user's processes and to give files away. That user needs a home that it can read: set `HOME` in `extraEnv`. Default:
   * none.
   */
  uid: wholeNumber(0, MAX_ID).optional(),

  /** Id of the group that the CLI runs as; only with `uid`. Default: the value of `uid`. */
  gid: wholeNumber(0, MAX_ID).optional(),

  /**
   * Variables of this process's environment that are passed to the CLI, if they are set; no others are. Replaces the
   * default; extend it with `[...DEFAULT_ENV_ALLOW_LIST, 'CLAUDE_CODE_USE_BEDROCK', …]`. Default:
   * {@link DEFAULT_ENV_ALLOW_LIST}: paths, locale, credentials and endpoint of the API, proxies, certificates.
   */
  envAllowList: z
    .array(variable, { error: 'must be an array' })
    .readonly()
    .default([...DEFAULT_ENV_ALLOW_LIST]),

  /**
   * Variables that are set only for the CLI, such as its own configuration directory (`CLAUDE_CONFIG_DIR`). They
   * override inherited variables and the variables that isolate the CLI, but not the limit set by a request's
   * `max_tokens`. Default: none.
   */
  extraEnv: z.record(variable, withoutNul('must be a string'), OBJECT).readonly().default({}),
};

const schema = optionsObject(claudeCliShape).refine(
  ({ uid, gid }) => uid !== undefined || gid === undefined,
  {
    path: ['gid'],
    error: 'needs the option uid',
  },
);

/** Options of {@link ClaudeCliExecutor}. */
export interface ClaudeCliOptions extends OptionsOf<typeof claudeCliShape> {}

/** Options with every default filled in. */
export type ResolvedClaudeCliOptions = z.output<typeof schema>;

/**
 * Validates the options and fills in the defaults.
 *
 * @throws {InvalidPoolOptionsError} names the first invalid option
 */
export function resolveClaudeCliOptions(options: ClaudeCliOptions): ResolvedClaudeCliOptions {
  const resolved = parseOptions(schema, options);
  return { ...resolved, executable: absolutePathOf(resolved.executable) };
}

// Each run has its own working directory, to which a relative path would refer.
function absolutePathOf(executable: string): string {
  const isName = !executable.includes('/') && !executable.includes(sep);
  return isName || isAbsolute(executable) ? executable : resolve(executable);
}
