import { describe, expect, it } from '@jest/globals';
import type { CompletionRequest } from 'nestjs-worker-pool';
import { KeyMemo } from './key-memo.js';

const REQUESTS: CompletionRequest[] = [
  { prompt: 'a' },
  { prompt: 'b' },
  { prompt: 'a', model: 'm' },
  { prompt: 'a', model: '' },
  { prompt: 'ma', model: '' },
  { prompt: 'a', system: 'm' },
  { prompt: 'a', model: 'm', system: 's' },
  { prompt: '1:sa', model: 'm' },
  { prompt: 'a', model: 'm1:s' },
  { prompt: '-a' },
  { prompt: 'a', model: '-' },
  { prompt: 'a', max_tokens: 1 },
  { prompt: 'a', temperature: 1 },
  { prompt: 'a', max_tokens: 1, temperature: 1 },
  { prompt: '\0a' },
];

function refuse(): never {
  throw new Error('refused');
}

describe('KeyMemo', () => {
  it('keeps requests apart, tenants too, and asks once for each', () => {
    const memo = new KeyMemo();
    const orders = ['one', 'two'].flatMap((tenant) => REQUESTS.map((request) => ({ tenant, request })));
    const keys = orders.map((order, index) => memo.keyOf(order, () => `key ${index}`));
    expect(keys).toEqual(orders.map((_order, index) => `key ${index}`));
    expect(orders.map((order) => memo.keyOf(order, refuse))).toEqual(keys);
  });

  it.each<[string, CompletionRequest]>([
    ['messages', { messages: [{ role: 'user', content: 'a' }] }],
    ['fields that it does not know', { prompt: 'a', top_p: 0.5 }],
    ['a system prompt in parts', { prompt: 'a', system: [{ type: 'text', text: 'a' }] }],
    ['a long prompt', { prompt: 'a'.repeat(10_000) }],
  ])('remembers nothing of %s', (_what, request) => {
    const memo = new KeyMemo();
    let asked = 0;
    const make = (): string => `key ${(asked += 1)}`;
    expect(memo.keyOf({ tenant: 't', request }, make)).toBe('key 1');
    expect(memo.keyOf({ tenant: 't', request }, make)).toBe('key 2');
  });

  it('does not remember a request that was refused', () => {
    const memo = new KeyMemo();
    const order = { tenant: 't', request: { prompt: 'a' } };
    expect(() => memo.keyOf(order, refuse)).toThrow('refused');
    expect(memo.keyOf(order, () => 'key')).toBe('key');
  });

  it('keeps what is asked for among many that are not, and forgets those', () => {
    const memo = new KeyMemo();
    let asked = 0;
    const make = ({ request }: { request: CompletionRequest }): string => `${(asked += 1)} ${request.prompt}`;
    const often = { tenant: 't', request: { prompt: 'often' } };
    const first = memo.keyOf(often, make);
    for (let other = 0; other < 5_000; other += 1) {
      memo.keyOf({ tenant: 't', request: { prompt: `other ${other}` } }, make);
      expect(memo.keyOf(often, make)).toBe(first);
    }
    const before = asked;
    memo.keyOf({ tenant: 't', request: { prompt: 'other 0' } }, make);
    expect(asked).toBe(before + 1);
  });
});
