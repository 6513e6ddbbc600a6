import { describe, expect, it } from '@jest/globals';
import type { BytesHit } from 'nestjs-redis-cache';
import type { Completion } from 'nestjs-worker-pool';
import { toCompletionResponse } from '../completions/completion-response.js';
import { toStored } from '../pool/stored-completion.js';
import { answerOfBytes } from './stored-answer.js';

const ANSWER: Completion = {
  completion: 'An answer.',
  usage: { input_tokens: 3, output_tokens: 7, cache_read_input_tokens: 100 },
  cost: 0.0125,
  model: 'model "one"',
  stopReason: 'end_turn',
  content: [{ type: 'text', text: 'An answer.' }],
};
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

function hit(stored: unknown, enveloped = true): BytesHit {
  const json = Buffer.from(typeof stored === 'string' ? stored : JSON.stringify(stored));
  return { status: 'hit', source: 'redis', json, enveloped, ageSeconds: 1, ttlSeconds: 9, durationMs: null };
}

function bodyOf(stored: unknown, enveloped?: boolean): unknown {
  const answer = answerOfBytes(hit(stored, enveloped))!;
  expect(answer.length).toBe(String(Buffer.from(answer.body, 'latin1').length));
  return JSON.parse(Buffer.from(answer.body, 'latin1').toString());
}

const expected = (value: Completion) => toCompletionResponse({ value, source: 'redis', status: 'hit' });

describe('answerOfBytes', () => {
  it.each(TEXTS)('answers with the text %j as the handler would', (text) => {
    const value = { ...ANSWER, completion: text, content: [{ type: 'text', text }] };
    expect(bodyOf(toStored(value))).toEqual(expected(value));
    expect(answerOfBytes(hit(toStored(value)))).toMatchObject({
      cost: 0.0125,
      tokens: 110,
      model: 'model "one"',
    });
  });

  it('does not read the text of what we stored, and reads everything else', () => {
    const stored = JSON.stringify(toStored(ANSWER));
    expect(answerOfBytes(hit(stored))!.body).toMatch(/"completion":"An answer\."}$/);
    expect(answerOfBytes(hit(stored, false))!.body).toMatch(/^{"completion"/);
  });

  it.each([
    ['of an earlier release, the text first', { ...ANSWER }],
    [
      'with content of other kinds',
      toStored({ ...ANSWER, content: [{ type: 'tool_use', input: { a: 1, completion: 'x' } }] }),
    ],
    ['with a field behind the text', { ...toStored(ANSWER), more: 'than this' }],
    [
      'with a text behind the text',
      { usage: ANSWER.usage, cost: 1, model: 'm', stopReason: 'end_turn', completion: 'a', z: '"}' },
    ],
  ])('answers what was stored %s', (_what, stored) => {
    expect(bodyOf(stored)).toEqual(expected(stored as Completion));
  });

  it.each([
    [[1, 2]],
    ['"a text"'],
    [{ usage: {}, completion: 'no cost' }],
    [{ usage: { completion: 'x' } }],
    [{ usage: {}, cost: 1, model: 'm', stopReason: 'end_turn', completion: 'no tokens' }],
    [{ usage: ANSWER.usage, cost: 1, model: 7, stopReason: 'end_turn', completion: 'no model' }],
    ['null'],
  ])('leaves %j to the handler', (stored) => expect(answerOfBytes(hit(stored))).toBeNull());
});
