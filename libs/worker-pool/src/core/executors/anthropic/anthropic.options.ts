import { z } from 'zod';
import { InvalidPoolOptionsError } from '../../errors/invalid-pool-options.error.js';
import { firstProblem } from '../first-problem.js';
import { ANTHROPIC_PRICES, type ModelPrice } from './anthropic.prices.js';

/** Options of {@link AnthropicExecutor}. */
export interface AnthropicExecutorOptions {
  /**
   * The API key. Never logged, and hidden in every error.
   *
   * Default: the variable `ANTHROPIC_API_KEY`; without either the executor is not made.
   */
  apiKey?: string;
  /**
   * Where the API is: an `http` or `https` URL, without `/v1`.
   *
   * Default: the variable `ANTHROPIC_BASE_URL`, else `https://api.anthropic.com`.
   */
  baseUrl?: string;
  /**
   * Model or alias of requests that name none.
   *
   * Default: `claude-sonnet-5-5`.
   */
  defaultModel?: string;
  /**
   * Other names for models, such as `{ fast: 'claude-haiku-5-5' }`. They are resolved before the cache key is
   * made: two names of one model share their entries.
   *
   * Default: none.
   */
  modelAliases?: Readonly<Record<string, string>>;
  /**
   * `max_tokens` of requests that give none: the API has no default of its own. Cache keys do not hold it:
   * after a change, requests without `max_tokens` find answers of the old length until those expire.
   *
   * Default: 4,096.
   */
  defaultMaxTokens?: number;
  /**
   * How long the API may take to begin its answer, in milliseconds, per attempt; an attempt that took longer
   * counts as failed. Once it has begun, only the pool's own time limit ends it.
   *
   * Default: 60,000.
   */
  timeoutMs?: number;
  /**
   * How often the SDK repeats an attempt that got no answer (no connection, too slow, 408, 409, 429, 5xx), after
   * the time that the API asks for, else after 0.5 to 8 s. The worker waits with it. What broke off after
   * the answer had begun is never repeated: it has been paid.
   *
   * Default: 2.
   */
  maxRetries?: number;
  /**
   * Prices by model, which add to the table {@link ANTHROPIC_PRICES} and win over it. The answers of a model
   * that has none cost 0, with one warning per model in the log.
   *
   * Default: none.
   */
  prices?: Readonly<Record<string, ModelPrice>>;
}

/** Options with every default filled in. */
export type ResolvedAnthropicOptions = Required<AnthropicExecutorOptions>;

const MAX_START_MS = 300_000;

const wholeNumber = (min: number, max: number): z.ZodNumber => {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
};

const nonEmpty = z
  .string({ error: 'must be a non-empty string' })
  .regex(/\S/, { error: 'must be a non-empty string' });

const dollars = z.number({ error: 'must be a number of at least 0' }).nonnegative({
  error: 'must be a number of at least 0',
});

const OBJECT = { error: 'must be an object' };

const tokenPrices = {
  input: dollars,
  output: dollars,
  cacheWrite5m: dollars,
  cacheWrite1h: dollars,
  cacheRead: dollars,
};

const modelPrice = z.strictObject(
  {
    ...tokenPrices,
    longPrompt: z.strictObject({ ...tokenPrices, aboveTokens: dollars }, OBJECT).optional(),
  },
  OBJECT,
);

const schema = z.strictObject(
  {
    apiKey: z
      .string({ error: 'is missing: set it, or the variable ANTHROPIC_API_KEY' })
      .regex(/^[\x21-\x7e]+$/, { error: 'must be a key: visible characters, no white space' }),
    baseUrl: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }),
    defaultModel: nonEmpty.default('claude-sonnet-5-5'),
    modelAliases: z.record(z.string(), nonEmpty, OBJECT).default({}),
    defaultMaxTokens: wholeNumber(1, 10_000_000).default(4_096),
    timeoutMs: wholeNumber(1, MAX_START_MS).default(60_000),
    maxRetries: wholeNumber(0, 100).default(2),
    prices: z.record(z.string(), modelPrice, OBJECT).default({}),
  },
  OBJECT,
);

/**
 * Checks the options, fills in the defaults and adds the known prices.
 *
 * @param env where the key and the API's address are looked up when the options lack them
 * @throws {InvalidPoolOptionsError} names the first option that is wrong
 */
export function resolveAnthropicOptions(
  options: AnthropicExecutorOptions,
  env: NodeJS.ProcessEnv = process.env,
): ResolvedAnthropicOptions {
  const parsed = schema.safeParse(withEnvironment(options, env));
  if (!parsed.success) {
    const { field, problem } = firstProblem(parsed.error, 'options');
    throw new InvalidPoolOptionsError(field, problem);
  }
  return { ...parsed.data, prices: { ...ANTHROPIC_PRICES, ...parsed.data.prices } };
}

// An empty variable counts as absent.
function withEnvironment(options: AnthropicExecutorOptions, env: NodeJS.ProcessEnv): unknown {
  if (typeof options !== 'object' || options === null) {
    return options;
  }
  const {
    apiKey = env['ANTHROPIC_API_KEY']?.trim() || undefined,
    baseUrl = env['ANTHROPIC_BASE_URL']?.trim() || 'https://api.anthropic.com',
  } = options;
  return { ...options, apiKey, baseUrl };
}
