import { describe, expect, it } from '@jest/globals';
import { ANTHROPIC_PRICES, costOf, type ModelPrice, priceOf } from './anthropic.prices.js';

const PRICE: ModelPrice = { input: 1, output: 10, cacheWrite5m: 100, cacheWrite1h: 1_000, cacheRead: 10_000 };
const million = 1_000_000;
const cost = (usage: object, price = PRICE): number =>
  costOf({ input_tokens: 0, output_tokens: 0, ...usage }, price);

describe('costOf', () => {
  it.each([
    ['nothing', 0, {}],
    ['what was read and written', 21, { input_tokens: million, output_tokens: 2 * million }],
    ['what the prompt cache gave', 10_000, { cache_read_input_tokens: million }],
    ['what it took, for 5 minutes when it does not say', 100, { cache_creation_input_tokens: million }],
    [
      '1-hour cache writes',
      1_100,
      {
        cache_creation_input_tokens: 2 * million,
        cache_creation: { ephemeral_1h_input_tokens: million, ephemeral_5m_input_tokens: million },
      },
    ],
    [
      'at most the total of cache writes',
      1_000,
      {
        cache_creation_input_tokens: million,
        cache_creation: { ephemeral_1h_input_tokens: 5 * million },
      },
    ],
    ['web searches', 0.03, { server_tool_use: { web_search_requests: 3 } }],
    [
      'counters that are null',
      1,
      { input_tokens: million, cache_read_input_tokens: null, cache_creation: null },
    ],
  ])('charges %s', (_name, dollars, usage) => {
    expect(cost(usage)).toBeCloseTo(dollars, 9);
  });

  it('charges all tokens of a long prompt at its prices, including the prompt cache', () => {
    const price = { ...PRICE, longPrompt: { ...PRICE, input: 2, output: 20, aboveTokens: 100 } };
    expect(cost({ input_tokens: 100, output_tokens: 5 }, price)).toBeCloseTo(150 / million, 12);
    expect(cost({ input_tokens: 101, output_tokens: 5 }, price)).toBeCloseTo(302 / million, 12);
    expect(cost({ input_tokens: 1, cache_read_input_tokens: 100 }, price)).toBeCloseTo(
      1_000_002 / million,
      9,
    );
  });
});

describe('priceOf', () => {
  it('finds a model, and the model of a dated snapshot', () => {
    expect(priceOf('claude-haiku-4-5', ANTHROPIC_PRICES)?.input).toBe(1);
    expect(priceOf('claude-haiku-4-5-20251001', ANTHROPIC_PRICES)?.input).toBe(1);
    const prices = { ...ANTHROPIC_PRICES, 'claude-haiku-4-5-20251001': PRICE };
    expect(priceOf('claude-haiku-4-5-20251001', prices)).toBe(PRICE);
  });

  it.each(['claude-haiku-4-5-fast', 'claude-haiku', 'constructor', ''])('finds none for "%s"', (model) => {
    expect(priceOf(model, ANTHROPIC_PRICES)).toBeUndefined();
  });

  it('ignores only the date of a model name', () => {
    expect(priceOf('claude-opus-5-5', ANTHROPIC_PRICES)).not.toEqual(
      priceOf('claude-opus-5', ANTHROPIC_PRICES),
    );
  });
});
