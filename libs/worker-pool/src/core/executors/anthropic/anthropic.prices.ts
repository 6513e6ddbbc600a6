import type { TokenUsage } from '../../contract/completion-request.js';

/** US dollars for one million tokens. */
export interface TokenPrices {
  input: number;
  output: number;
  /** Written to the prompt cache for 5 minutes. */
  cacheWrite5m: number;
  /** Written to the prompt cache for an hour. */
  cacheWrite1h: number;
  /** Read from the prompt cache. */
  cacheRead: number;
}

/** What a model costs. */
export interface ModelPrice extends TokenPrices {
  /** Prices of a request that reads more than `aboveTokens`, the prompt cache included; for all of its tokens. */
  longPrompt?: TokenPrices & { aboveTokens: number };
}

/** Output and cache writes of the models follow the input price: × 5, × 1.25 and × 2. */
const listPrice = (input: number, cacheRead: number): TokenPrices => ({
  input,
  output: input * 5,
  cacheWrite5m: input * 1.25,
  cacheWrite1h: input * 2,
  cacheRead,
});

/**
 * List prices of Anthropic's API in US dollars, looked up on 25 November 2026. A snapshot with a date in its name
 * (`claude-haiku-4-5-20251001`) costs what the model without it does. Without surcharges for regional inference
 * and without discounts of a contract.
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

const SNAPSHOT_DATE = /-\d{8}$/;
const TOKENS_PER_PRICE = 1_000_000;

/** The price of a model, or of the model that it is a dated snapshot of; `undefined` when unknown. */
export function priceOf(model: string, prices: Readonly<Record<string, ModelPrice>>): ModelPrice | undefined {
  const name = [model, model.replace(SNAPSHOT_DATE, '')].find((candidate) =>
    Object.hasOwn(prices, candidate),
  );
  return name === undefined ? undefined : prices[name];
}

/** US dollars for what was read and written. Cache writes of unknown duration count as those of 5 minutes. */
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
  return total / TOKENS_PER_PRICE;
}

function oneHourTokens({ cache_creation: creation }: TokenUsage): number {
  const { ephemeral_1h_input_tokens: tokens } = Object(creation) as { ephemeral_1h_input_tokens?: unknown };
  return typeof tokens === 'number' ? tokens : 0;
}
