import { optionsObject } from 'nestjs-redis-connection';
import { z } from 'zod';
import type { TokenUsage } from '../../contract/completion-request.js';

const POSITIVE = { error: 'must be a number of at least 0' };
const dollars = z.number(POSITIVE).nonnegative(POSITIVE);

/** US dollars per million tokens. */
export const tokenPricesShape = {
  input: dollars,
  output: dollars,
  /** Written to the prompt cache for 5 minutes. */
  cacheWrite5m: dollars,
  /** Written to the prompt cache for an hour. */
  cacheWrite1h: dollars,
  /** Read from the prompt cache. */
  cacheRead: dollars,
};

const longPromptSchema = optionsObject({ ...tokenPricesShape, aboveTokens: dollars });

/** Schema of a {@link ModelPrice}. */
export const modelPriceSchema = optionsObject({
  ...tokenPricesShape,
  longPrompt: longPromptSchema.optional(),
});

/** US dollars per million tokens. */
export interface TokenPrices extends z.input<z.ZodObject<typeof tokenPricesShape>> {}

/** The prices of a model. */
export interface ModelPrice extends TokenPrices {
  /** Prices of a request whose input, prompt cache included, exceeds `aboveTokens`; they apply to all its tokens. */
  longPrompt?: TokenPrices & { aboveTokens: number };
}

/** Prices of output and cache writes follow from the input price: × 5, × 1.25 and × 2. */
const listPrice = (input: number, cacheRead: number): TokenPrices => ({
  input,
  output: input * 5,
  cacheWrite5m: input * 1.25,
  cacheWrite1h: input * 2,
  cacheRead,
});

/**
 * List prices of Anthropic's API in US dollars, as of 25 November 2026. A dated snapshot
 * (`claude-haiku-4-5-20251001`) costs the same as the model without the date. Surcharges for regional inference and
 * contract discounts are not included.
 */
export const ANTHROPIC_PRICES: Readonly<Record<string, ModelPrice>> = {
  'claude-fable-5-2': listPrice(8, 0.2),
  'claude-fable-5-1': listPrice(10, 0.25),
  'claude-mythos-5-1': listPrice(10, 0.25),
  'claude-fable-5': listPrice(10, 1),
  'claude-mythos-5': listPrice(10, 1),
  'claude-opus-5-5': listPrice(4, 0.2),
  'claude-opus-5': listPrice(5, 0.5),
  'claude-opus-4-8': listPrice(5, 0.5),
  'claude-opus-4-7': listPrice(5, 0.5),
  'claude-opus-4-6': listPrice(5, 0.5),
  'claude-opus-4-5': listPrice(5, 0.5),
  'claude-sonnet-5-5': listPrice(2, 0.1),
  'claude-sonnet-5': listPrice(2, 0.2),
  'claude-sonnet-4-6': listPrice(3, 0.3),
  'claude-sonnet-4-5': listPrice(3, 0.3),
  'claude-haiku-5-5': {
    ...listPrice(0.1, 0.01),
    longPrompt: { aboveTokens: 100_000, ...listPrice(0.5, 0.05) },
  },
  'claude-haiku-4-5': listPrice(1, 0.1),
};

/** US dollars for one web search that the API runs. */
const WEB_SEARCH_PRICE = 0.01;

const SNAPSHOT_DATE = /-\d{8}$/;
const TOKENS_PER_PRICE = 1_000_000;

/** The price of a model, or of the model of which it is a dated snapshot; `undefined` when unknown. */
export function priceOf(model: string, prices: Readonly<Record<string, ModelPrice>>): ModelPrice | undefined {
  const name = [model, model.replace(SNAPSHOT_DATE, '')].find((candidate) =>
    Object.hasOwn(prices, candidate),
  );
  return name === undefined ? undefined : prices[name];
}

/**
 * The cost of a completion in US dollars, web searches included. Cache writes of unknown duration count as 5-minute
 * writes.
 */
export function costOf(usage: TokenUsage, price: ModelPrice): number {
  const read = usage.cache_read_input_tokens ?? 0;
  const written = usage.cache_creation_input_tokens ?? 0;
  const writtenFor1h = Math.min(written, oneHourTokens(usage));
  const tokensRead = usage.input_tokens + read + written;
  const rates = price.longPrompt && tokensRead > price.longPrompt.aboveTokens ? price.longPrompt : price;
  const total =
    usage.input_tokens * rates.input +
    usage.output_tokens * rates.output +
    (written - writtenFor1h) * rates.cacheWrite5m +
    writtenFor1h * rates.cacheWrite1h +
    read * rates.cacheRead;
  return total / TOKENS_PER_PRICE + webSearches(usage) * WEB_SEARCH_PRICE;
}

function webSearches({ server_tool_use: use }: TokenUsage): number {
  const { web_search_requests: searches } = Object(use) as { web_search_requests?: unknown };
  return typeof searches === 'number' ? searches : 0;
}

function oneHourTokens({ cache_creation: creation }: TokenUsage): number {
  const { ephemeral_1h_input_tokens: tokens } = Object(creation) as { ephemeral_1h_input_tokens?: unknown };
  return typeof tokens === 'number' ? tokens : 0;
}
