import { Readable } from 'node:stream';
import type { OutgoingHttpHeaders } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { StreamableFile } from '@nestjs/common';
import { entityTagOf } from './response-headers.js';
import { isRecorded, recordBody, type RecordedResponse, recordResponse } from './recorded-response.js';

const state = (headers: OutgoingHttpHeaders = {}, statusCode = 200) => ({
  statusCode,
  getHeaders: () => headers,
});

const record = (
  value: unknown,
  headers: OutgoingHttpHeaders = {},
  before: OutgoingHttpHeaders = {},
): RecordedResponse | null => recordResponse(value, state(headers), before, ['authorization']);

class Article {
  constructor(readonly title: string) {}
}

describe('recordResponse', () => {
  it.each<[unknown, unknown, string]>([
    [{ a: [1] }, { a: [1] }, '{"a":[1]}'],
    [new Article('x'), { title: 'x' }, '{"title":"x"}'],
    [[], [], '[]'],
    ['text', 'text', 'text'],
    ['', '', ''],
    [5, 5, '5'],
    [false, false, 'false'],
  ])('takes %j with the entity tag of what is sent', (value, body, sent) => {
    expect(record(value)).toMatchObject({ body, entityTag: entityTagOf(sent) });
  });

  it('copies, so that the handler keeps its own object', () => {
    const own = { list: [1] };
    expect(record(own)!.body).not.toBe(own);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a buffer', Buffer.from('x')],
    ['bytes', new Uint8Array(2).buffer],
    ['a stream', Readable.from(['x'])],
    ['a web stream', new ReadableStream()],
    ['a file', new StreamableFile(Buffer.from('x'))],
    ['a web response', new Response('x')],
    ['a generator', (async function* () {})()],
    ['an error', new Error('x')],
    ['what JSON does not carry', { big: 1n }],
    ['what is something else as JSON', new Date(0)],
    ['NaN', NaN],
  ])('refuses %s', (_what, value) => {
    expect(record(value)).toBeNull();
  });

  it('keeps the headers that the handler set, not those of the message or from before', () => {
    const before = { 'x-request-id': '1', 'x-changed': 'a' };
    const after = {
      ...before,
      'x-changed': 'b',
      link: ['<a>', '<b>'],
      'content-length': 3,
      age: '1',
      date: 'now',
    };
    expect(record('x', after, before)!.headers).toEqual({ 'x-changed': 'b', link: ['<a>', '<b>'] });
  });

  it.each<OutgoingHttpHeaders>([
    { 'set-cookie': ['a=1'] },
    { 'content-encoding': 'gzip' },
    { 'cache-control': 'max-age=5, No-Store' },
    { 'cache-control': 'private' },
    { vary: '*' },
    { vary: 'Accept-Encoding, Accept-Language' },
    { 'cache-control': 'no-cache' },
    { 'cache-control': 'public, max-age=0' },
    { expires: 'Thu, 01 Jan 1970 00:00:00 GMT' },
  ])('refuses a response with %j', (headers) => {
    expect(record('x', headers)).toBeNull();
    expect(record('x', headers, headers)).toBeNull();
  });

  it.each<OutgoingHttpHeaders>([
    { 'cache-control': 'public, max-age=5' },
    { vary: 'Origin, accept-encoding' },
    { vary: 'Authorization' },
  ])('takes a response with %j', (headers) => {
    expect(record('x', headers)).toMatchObject({ headers });
  });

  it.each([201, 203, 204, 206, 301, 404, 500])('refuses status %d', (status) => {
    expect(recordResponse('x', state({}, status), {}, [])).toBeNull();
  });
});

describe('recordBody', () => {
  it('keeps the given headers', () => {
    expect(recordBody('x', { link: '<a>' })).toMatchObject({ body: 'x', headers: { link: '<a>' } });
  });
});

describe('isRecorded', () => {
  it('distinguishes a response from other values under a key', () => {
    expect(isRecorded(record('x'))).toBe(true);
    for (const other of [
      null,
      undefined,
      'x',
      5,
      [],
      {},
      { body: 'x' },
      { format: 'http-1', unshared: true },
    ]) {
      expect(isRecorded(other)).toBe(false);
    }
  });
});
