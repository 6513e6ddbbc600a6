import { describe, expect, it } from '@jest/globals';
import type { RequestEnd } from '../http/request-end.js';
import { accessLine, accessLog } from './access-log.js';
import { LineBatch } from './line-batch.js';

const NASTY = 'a "quote", a \\ and a line\n{"level":"fatal"}\u2028';

function end(more: object = {}, answer: object | null = null): RequestEnd {
  const request = { id: NASTY, method: 'POST', tenant: { name: 'web', admin: false } };
  const reply = { answer, getHeader: () => undefined };
  return {
    request,
    reply,
    route: '/v1/:a"b',
    status: 200,
    durationMs: 1.25,
    aborted: false,
    ...more,
  } as never;
}

describe('a line of the access log', () => {
  it('is one line of JSON, whatever a client sent', () => {
    const line = accessLine(end());
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(JSON.parse(line)).toEqual({
      level: 'info',
      time: expect.any(Number),
      pid: process.pid,
      requestId: NASTY,
      method: 'POST',
      route: '/v1/:a"b',
      status: 200,
      tenant: 'web',
      durationMs: 1.25,
    });
  });

  it('has what is told of an answer, by its note or by its headers', () => {
    const note = { status: 'hit', source: 'near', cacheStatus: 'redis-cache; hit; ttl=9' };
    expect(JSON.parse(accessLine(end({ aborted: true }, note)))).toMatchObject({
      cache: 'redis-cache; hit; ttl=9',
      source: 'near',
      aborted: true,
    });
    const reply = { answer: { status: 'stale', source: 'redis' }, getHeader: () => NASTY };
    expect(JSON.parse(accessLine(end({ reply })))).toMatchObject({ cache: NASTY, source: 'stale' });
  });

  it('names no tenant before a key was accepted', () => {
    expect(JSON.parse(accessLine(end({ request: { id: 'x', method: 'GET' } })))).not.toHaveProperty('tenant');
  });
});

describe('lines', () => {
  it('are written together, in their order, and none is lost at the end', () => {
    const writes: string[] = [];
    let flushed = 0;
    const batch = new LineBatch({ write: (text) => writes.push(text), flushSync: () => (flushed += 1) });
    const log = accessLog((line) => batch.write(line));
    for (let index = 0; index < 1_000; index += 1) log(end({ status: index }));
    batch.flushSync();
    expect(flushed).toBe(1);
    expect(writes.length).toBeLessThan(20);
    const lines = writes.join('').trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { status: number }).status)).toEqual([
      ...Array(1_000).keys(),
    ]);
  });
});
