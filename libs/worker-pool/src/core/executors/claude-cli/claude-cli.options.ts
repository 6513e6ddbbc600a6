import { isAbsolute, resolve, sep } from 'node:path';
import { z } from 'zod';
import { InvalidPoolOptionsError } from '../../errors/invalid-pool-options.error.js';
import { MAX_TIMER_MS } from '../../contract/limits.js';
import { firstProblem } from '../first-problem.js';
import { MODEL_NAME } from './model-name.js';

/** Options of {@link ClaudeCliExecutor}. */
export interface ClaudeCliOptions {
  /**
   * The program: a name on the PATH, or a path (a relative one from the current folder). Started without a
   * shell; a missing one fails each request with `ProcessStartError`.
   *
   * Default: `claude`.
   */
  executable?: string;
  /**
   * Model or alias of requests that name none. Without it the CLI chooses; cache keys then say `default`,
   * also when the CLI's choice changes.
   *
   * Default: none.
   */
  defaultModel?: string;
  /**
   * Other names for models, such as `{ fast: 'haiku' }`. They are resolved before the cache key is made:
   * two names of one model share their entries.
   *
   * Default: none.
   */
  modelAliases?: Readonly<Record<string, string>>;
  /**
   * Longest run, in milliseconds; beyond it the process group is ended and the request fails with
   * `ProcessTimeoutError`. A backstop: the pool's own time limit usually comes first.
   *
   * Default: 300,000.
   */
  wallTimeoutMs?: number;
  /**
   * Longest silence, in milliseconds, with the same end. The CLI writes its one JSON object when the
   * answer is complete and is silent until then, so a value below `wallTimeoutMs` is a time limit for the
   * whole answer.
   *
   * Default: 300,000.
   */
  idleTimeoutMs?: number;
  /**
   * Most bytes on stdout, and on stderr; beyond it the process group is ended and the request fails with
   * `ProcessOutputLimitError`.
   *
   * Default: 10,000,000.
   */
  maxOutputBytes?: number;
  /**
   * How long the process group has to end by itself after SIGTERM, in milliseconds, before SIGKILL. A
   * cancelled request keeps its worker for that long at most.
   *
   * Default: 2,000.
   */
  killGraceMs?: number;
  /**
   * Variables of this process's environment that the CLI sees, if they are set; no other one is passed on.
   * Replaces the default; add to it with `[...DEFAULT_ENV_ALLOW_LIST, 'CLAUDE_CODE_USE_BEDROCK', …]`.
   *
   * Default: {@link DEFAULT_ENV_ALLOW_LIST}: paths, locale, the API's credentials and endpoint, proxies,
   * certificates.
   */
  envAllowList?: readonly string[];
  /**
   * Variables that are set for the CLI alone, such as a configuration folder of its own
   * (`CLAUDE_CONFIG_DIR`). They win over what the allow-list lets through and over the variables that shut
   * the CLI off from this machine, not over the bound that a request sets by `max_tokens`.
   *
   * Default: none.
   */
  extraEnv?: Readonly<Record<string, string>>;
}

/** Options with every default filled in. */
export type ResolvedClaudeCliOptions = Required<Omit<ClaudeCliOptions, 'defaultModel'>> &
  Pick<ClaudeCliOptions, 'defaultModel'>;

/** What the CLI needs of the environment, and nothing that would change how it behaves. */
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

const wholeNumber = (min: number, max: number): z.ZodNumber => {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
};

const noNul = (error: string): z.ZodString => z.string({ error }).regex(/^[^\0]*$/, { error });
const nonEmpty = noNul('must be a non-empty string').min(1, { error: 'must be a non-empty string' });
const model = z
  .string({ error: 'must be a string' })
  .regex(MODEL_NAME, { error: 'must be the name of a model' });
const variable = z
  .string({ error: 'must be the name of a variable' })
  .regex(/^[A-Za-z_]\w*$/, { error: 'must be the name of a variable' });

const schema = z.strictObject(
  {
    executable: nonEmpty.default('claude'),
    defaultModel: model.optional(),
    modelAliases: z.record(z.string(), model, { error: 'must be an object' }).default({}),
    wallTimeoutMs: wholeNumber(1, MAX_TIMER_MS).default(300_000),
    idleTimeoutMs: wholeNumber(1, MAX_TIMER_MS).default(300_000),
    maxOutputBytes: wholeNumber(1, MAX_OUTPUT_BYTES).default(10_000_000),
    killGraceMs: wholeNumber(0, MAX_TIMER_MS).default(2_000),
    envAllowList: z.array(variable, { error: 'must be an array' }).default([...DEFAULT_ENV_ALLOW_LIST]),
    extraEnv: z.record(variable, noNul('must be a string'), { error: 'must be an object' }).default({}),
  },
  { error: 'must be an object' },
);

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {InvalidPoolOptionsError} names the first option that is wrong
 */
export function resolveClaudeCliOptions(options: ClaudeCliOptions): ResolvedClaudeCliOptions {
  const parsed = schema.safeParse(options);
  if (!parsed.success) {
    const { field, problem } = firstProblem(parsed.error, 'options');
    throw new InvalidPoolOptionsError(field, problem);
  }
  return { ...parsed.data, executable: absolute(parsed.data.executable) };
}

// Each run has a working directory of its own, from which a relative path would lead elsewhere.
function absolute(executable: string): string {
  const isName = !executable.includes('/') && !executable.includes(sep);
  return isName || isAbsolute(executable) ? executable : resolve(executable);
}
