import { optionsObject, type OptionsOf, wholeNumber } from 'nestjs-redis-connection';
import { z } from 'zod';
import { parseOptions } from '../../contract/validation.js';
import { ANTHROPIC_PRICES, modelPriceSchema } from './anthropic.prices.js';

const MAX_START_MS = 300_000;
const DEFAULT_BASE_URL = 'https://api.anthropic.com';

const NON_EMPTY = { error: 'must be a non-empty string' };
const nonEmpty = z.string(NON_EMPTY).regex(/\S/, NON_EMPTY);
const OBJECT = { error: 'must be an object' };

/** The options of {@link AnthropicExecutor}. */
export const anthropicShape = {
  /**
   * The API key. Never logged, and removed from every error. Default: the variable `ANTHROPIC_API_KEY`; without
   * either the constructor throws.
   */
  apiKey: z
    .string({ error: 'is missing: set it, or the variable ANTHROPIC_API_KEY' })
    .regex(/^[\x21-\x7e]+$/, { error: 'must be a key: visible characters, no white space' }),

  /**
   * Address of the API: an `http` or `https` URL, without `/v1`. Default: the variable `ANTHROPIC_BASE_URL`, else
   * `https://api.anthropic.com`.
   */
  baseUrl: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }),

  /** Model or alias of requests that name none. Default: `claude-sonnet-5-5`. */
  defaultModel: nonEmpty.default('claude-sonnet-5-5'),

  /**
   * Alternative names of models, such as `{ fast: 'claude-haiku-5-5' }`. They are resolved before the cache key is
   * computed: two names of one model share their entries. Default: none.
   */
  modelAliases: z.record(z.string(), nonEmpty, OBJECT).readonly().default({}),

  /**
   * `max_tokens` of requests without it, because the API has no default of its own. Not part of cache keys: after a
   * change, requests without `max_tokens` are served answers of the old length until those expire. Default: 4,096.
   */
  defaultMaxTokens: wholeNumber(1, 10_000_000).default(4_096),

  /**
   * Maximum time until the API begins its answer, in milliseconds, per attempt, at most 300,000; a slower attempt
   * counts as failed. After the answer has begun, only the pool's time limit ends it. Default: 60,000.
   */
  timeoutMs: wholeNumber(1, MAX_START_MS).default(60_000),

  /**
   * How often the SDK repeats an attempt without an answer (no connection, too slow, 408, 409, 429, 5xx), after the
   * delay that the API requests, else after 0.5 to 8 s. The worker stays occupied meanwhile. An answer that breaks
   * off after it has begun is never repeated, because it has been paid for. Default: 2.
   */
  maxRetries: wholeNumber(0, 100).default(2),

  /**
   * Whether a request with a field, header, type of content block or type of tool that this package does not know is
   * refused. `false`: it is sent unchanged, and the API decides. Default: `false`.
   */
  strictFields: z.boolean({ error: 'must be true or false' }).default(false),

  /**
   * Prices by model; they extend and override {@link ANTHROPIC_PRICES}. Answers of a model without a price cost 0,
   * with one warning per model in the log. Default: none.
   */
  prices: z.record(z.string(), modelPriceSchema, OBJECT).readonly().default({}),
};

const schema = optionsObject(anthropicShape);

/** Options of {@link AnthropicExecutor}. */
export interface AnthropicExecutorOptions extends Partial<OptionsOf<typeof anthropicShape>> {}

/** Options with every default filled in. */
export type ResolvedAnthropicOptions = z.output<typeof schema>;

/**
 * Validates the options, fills in the defaults and adds the known prices.
 *
 * @param env source of the key and the API's address when the options lack them
 * @throws {InvalidPoolOptionsError} names the first invalid option
 */
export function resolveAnthropicOptions(
  options: AnthropicExecutorOptions,
  env: NodeJS.ProcessEnv = process.env,
): ResolvedAnthropicOptions {
  const resolved = parseOptions(schema, withEnvironment(options, env));
  return { ...resolved, prices: { ...ANTHROPIC_PRICES, ...resolved.prices } };
}

// An empty variable counts as absent.
function withEnvironment(options: AnthropicExecutorOptions, env: NodeJS.ProcessEnv): unknown {
  if (typeof options !== 'object' || options === null) {
    return options;
  }
  const {
    apiKey = env['ANTHROPIC_API_KEY']?.trim() || undefined,
    baseUrl = env['ANTHROPIC_BASE_URL']?.trim() || DEFAULT_BASE_URL,
  } = options;
  return { ...options, apiKey, baseUrl };
}
