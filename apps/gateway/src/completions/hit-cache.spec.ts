import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import type { Completion } from 'nestjs-worker-pool';
import { toStored } from '../pool/stored-completion.js';
import { completionJson } from './completion-response.js';
import { storedEvents } from './completion-stream-format.js';
import { HitCache, type HitResponse, type KnownRequest } from './hit-cache.js';
import { HitUsage } from './hit-usage.js';

const BODY = Buffer.from('{"prompt":"The same again."}');
const ANSWER: Completion = {
  completion: 'An answer.',
  usage: { input_tokens: 3, output_tokens: 7, cache_read_input_tokens: 100 },
  cost: 0.0125,
  model: 'model "one"',
  stopReason: 'end_turn',
  content: [{ type: 'text', text: 'An answer.' }],
};
const ID_BODY = /^\{"id":"msg_[0-9a-f]{24}"\}$/;
const TEXTS = [
  '',
  '"',
  '\\',
  '\\"',
  'Ünïcödé 日本 \u2028 🦊',
  'ends in \\',
  '","completion":"',
  '"}',
  '{"usage":',
  '\n\t\u0000',
];

const asHit = (value: Completion) => ({ value, source: 'redis', status: 'hit' }) as const;

const newHitCache = (HIT_USAGE: 'original' | 'zero' = 'original'): HitCache =>
  new HitCache(new HitUsage({ HIT_USAGE }));

function learn(
  hits: HitCache,
  tenant: string,
  body: Buffer,
  { key = 'key', isStreamed = false } = {},
): KnownRequest | undefined {
  const request = {} as IncomingMessage;
  hits.associate(request, tenant, body);
  const render = (value: Completion): string[] => [
    isStreamed ? storedEvents(asHit(value)) : completionJson(asHit(value)),
  ];
  hits.learn(request, { key, isStreamed, render });
  return hits.find(tenant, body);
}

function bytesOf(value: unknown): Buffer {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
}

function bodyOf({ body, headers }: HitResponse): string {
  const bytes = Buffer.from(body, 'latin1');
  expect(headers.slice(-2)).toEqual(['Content-Length', String(bytes.length)]);
  return bytes.toString();
}

describe('requests in the HitCache', () => {
  it('are found by the exact bytes of the body, for the tenant that sent them', () => {
    const hits = newHitCache();
    learn(hits, 'web', BODY, { key: 'key-of-web' });
    expect(hits.find('web', Buffer.from(BODY))?.traits.key).toBe('key-of-web');
    expect(hits.find('ops', BODY)).toBeUndefined();
    expect(hits.find('web', Buffer.from('{"prompt":"The same  again."}'))).toBeUndefined();
  });

  it('keep no more memory than their bodies have bytes', () => {
    const slice = Buffer.from('a small buffer is a slice of a block');
    const kept = learn(newHitCache(), 'web', slice)!.body;
    expect(slice.buffer.byteLength).toBeGreaterThan(slice.length);
    expect([kept.toString(), kept.buffer.byteLength]).toEqual([slice.toString(), slice.length]);
  });

  it('are distinguished if their bodies have the same checksum', () => {
    const hits = newHitCache();
    learn(hits, 'web', Buffer.from('plumless'), { key: 'one' });
    learn(hits, 'web', Buffer.from('buckeroo'), { key: 'other' });
    // Both have the same CRC-32, whatever precedes them.
    expect(hits.find('web', Buffer.from('plumless'))).toBeUndefined();
    expect(hits.find('web', Buffer.from('buckeroo'))?.traits.key).toBe('other');
  });

  it('are not kept if their bodies are long, nor above 64 MiB', () => {
    const hits = newHitCache();
    expect(learn(hits, 'web', Buffer.alloc(1_048_577, 'x'))).toBeUndefined();
    expect(learn(hits, 'web', Buffer.alloc(1_048_576, 'x'))).toBeDefined();
    const bodies = Array.from({ length: 1_200 }, (_, index) => Buffer.alloc(65_536, `${index}.`));
    for (const body of bodies) learn(hits, 'web', body);
    const kept = bodies.filter((body) => hits.find('web', body) !== undefined);
    expect(kept.length).toBeGreaterThan(900);
    expect(kept.length * 65_536).toBeLessThanOrEqual(64 * 1_024 * 1_024);
  });

  it('are not kept above 64 MiB with their responses', () => {
    const hits = newHitCache();
    const completion = 'x'.repeat(250_000);
    const known = Array.from({ length: 400 }, (_, index) => learn(hits, 'web', Buffer.from(`${index}`))!);
    for (const request of known) hits.responseTo(request, bytesOf({ ...ANSWER, completion }));
    const kept = known.filter(({ scope, body }) => hits.find(scope, body) !== undefined);
    expect(kept.length).toBeGreaterThan(80);
    expect(kept.length).toBeLessThanOrEqual(134);
  });

  it('are left to the handler if they are large', () => {
    const hits = newHitCache();
    const value = { ...ANSWER, completion: 'x'.repeat(300_000) };
    const request = learn(hits, 'web', BODY)!;
    expect([hits.responseTo(request, value), hits.responseTo(request, bytesOf(value))]).toEqual([null, null]);
  });
});

describe('responses of the HitCache', () => {
  const hits = newHitCache();
  const request = learn(hits, 'web', BODY)!;

  it.each(TEXTS)('with the text %j have the body that the handler sends', (text) => {
    const value = { ...ANSWER, completion: text, content: [{ type: 'text', text }] };
    const expected = completionJson({ value, source: 'redis', status: 'hit' });
    for (const cached of [toStored(value), bytesOf(toStored(value))]) {
      const response = hits.responseTo(request, cached)!;
      expect(bodyOf(response)).toBe(expected);
      expect(response.cost).toEqual({ cost: 0.0125, tokens: 110, model: 'model "one"' });
    }
  });

  it.each([
    ['of an earlier release, the text first', { ...ANSWER }],
    [
      'with content of other kinds',
      toStored({ ...ANSWER, content: [{ type: 'tool_use', input: { a: 1, completion: 'x' } }] }),
    ],
    ['with a field after the text', { ...toStored(ANSWER), more: 'than this' }],
    [
      'with a text after the text',
      { usage: ANSWER.usage, cost: 1, model: 'm', stopReason: 'end_turn', completion: 'a', z: '"}' },
    ],
  ])('are created from a value %s', (_what, stored) => {
    const expected = completionJson({ value: stored as Completion, source: 'redis', status: 'hit' });
    expect(bodyOf(hits.responseTo(request, bytesOf(stored))!)).toBe(expected);
  });

  it('consist of events if the body asks for them', () => {
    const streamed = learn(hits, 'web', Buffer.from('{"prompt":"a","stream":true}'), { isStreamed: true })!;
    const response = hits.responseTo(streamed, toStored(ANSWER))!;
    expect(bodyOf(response)).toBe(storedEvents({ value: ANSWER, source: 'redis', status: 'hit' }));
    expect(response.headers).toEqual(
      expect.arrayContaining(['text/event-stream; charset=utf-8', 'no-cache']),
    );
  });

  it('are created once for the same value, and for equal bytes', () => {
    const value = toStored(ANSWER);
    const ofValue = hits.responseTo(request, value);
    expect(hits.responseTo(request, value)).toBe(ofValue);
    const ofBytes = hits.responseTo(request, bytesOf(value));
    expect(ofBytes).not.toBe(ofValue);
    expect(hits.responseTo(request, bytesOf(value))).toBe(ofBytes);
  });

  it('are created again when the value changes, even if its bytes are overwritten', () => {
    const bytes = bytesOf(toStored(ANSWER));
    const first = bodyOf(hits.responseTo(request, bytes)!);
    bytes.write('b', bytes.indexOf('An answer') + 1);
    const second = bodyOf(hits.responseTo(request, bytes)!);
    expect([first, second].map((body) => (JSON.parse(body) as Completion).completion)).toEqual([
      'An answer.',
      'Ab answer.',
    ]);
  });

  it('say what they saved, also if their usage is shown as zero', () => {
    const zero = newHitCache('zero');
    const stored = toStored(ANSWER);
    for (const one of [hits, zero]) {
      const { headers } = one.responseTo(learn(one, 'web', BODY)!, stored)!;
      expect(headers.slice(2, 6)).toEqual(['X-Tokens-Saved', '110', 'X-Cost-Saved', '0.012500']);
    }
    const shown = JSON.parse(bodyOf(zero.responseTo(learn(zero, 'web', BODY)!, stored)!)) as Completion;
    expect(shown.usage).toEqual({ input_tokens: 0, output_tokens: 0, cache_read_input_tokens: 0 });
    expect(shown).toMatchObject({ cost: 0, cost_saved: 0.0125 });
    expect(stored.usage).toEqual(ANSWER.usage);
  });

  it('have a new id for each message', () => {
    const message = {} as IncomingMessage;
    hits.associate(message, 'messages', BODY);
    hits.learn(message, { key: 'key', isStreamed: false, render: () => ['{"id":"', '"}'] });
    const response = hits.responseTo(hits.find('messages', BODY)!, toStored(ANSWER))!;
    const [one, other] = [response.body, response.body];
    expect([one, other]).toEqual([expect.stringMatching(ID_BODY), expect.stringMatching(ID_BODY)]);
    expect(one).not.toBe(other);
    expect(response.length).toBe(one.length);
  });

  it('say how long the answer is valid', () => {
    const response = hits.responseTo(request, toStored(ANSWER))!;
    expect([12.7, 12.1, 11.9, null].map((ttl) => response.cacheStatus(ttl))).toEqual([
      'redis-cache; hit; ttl=12',
      'redis-cache; hit; ttl=12',
      'redis-cache; hit; ttl=11',
      'redis-cache; hit',
    ]);
  });

  it.each([
    [[1, 2]],
    ['"a text"'],
    [{ usage: {}, completion: 'no cost' }],
    [{ usage: { completion: 'x' } }],
    [{ usage: {}, cost: 1, model: 'm', stopReason: 'end_turn', completion: 'no tokens' }],
    [{ usage: ANSWER.usage, cost: 1, model: 7, stopReason: 'end_turn', completion: 'no model' }],
    ['null'],
    ['{"usage":'],
  ])('do not exist for %j', (stored) => expect(hits.responseTo(request, bytesOf(stored))).toBeNull());
});
