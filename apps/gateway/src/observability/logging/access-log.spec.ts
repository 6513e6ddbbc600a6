import { describe, expect, it } from '@jest/globals';
import type { RequestEnd } from '../../http/request-end.js';
import { accessLine, accessLog } from './access-log.js';
import { LineBatch } from './create-loggers.js';

const NASTY = 'a "quote", a \\ and a line\n{"level":"fatal"}\u2028';

function end(more: Partial<RequestEnd> = {}): RequestEnd {
  return {
    id: NASTY,
    method: 'POST',
    route: '/v1/:a"b',
    status: 200,
    durationMs: 1.25,
    aborted: false,
    tenant: 'web',
    answer: null,
    cacheStatus: undefined,
    failure: null,
    stream: null,
    ...more,
  };
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

  it('describes where an answer came from', () => {
    const answer = { status: 'hit', source: 'near' } as const;
    const cacheStatus = 'redis-cache; hit; ttl=9';
    expect(JSON.parse(accessLine(end({ aborted: true, answer, cacheStatus })))).toMatchObject({
      cache: cacheStatus,
      source: 'near',
      aborted: true,
    });
    const stale = { status: 'stale', source: 'redis' } as const;
    const line = accessLine(end({ answer: stale, cacheStatus: NASTY }));
    expect(JSON.parse(line)).toMatchObject({ cache: NASTY, source: 'stale' });
  });

  it('says why a request failed', () => {
    const upstream = {
      status: 529,
      type: 'overloaded_error',
      retryAfterMs: null,
      isFinal: true,
      requestId: 'req_"1"',
    };
    const line = accessLine(
      end({ status: 529, failure: { code: 'ERR_ANTHROPIC_OVERLOADED', upstream, taskId: 'task-1' } }),
    );
    expect(JSON.parse(line)).toMatchObject({
      status: 529,
      error: 'ERR_ANTHROPIC_OVERLOADED',
      task: 'task-1',
      upstreamStatus: 529,
      upstreamRequestId: 'req_"1"',
    });
    const own = JSON.parse(
      accessLine(end({ failure: { code: 'ERR_NO_API_KEY', upstream: undefined, taskId: undefined } })),
    ) as object;
    expect(own).toMatchObject({ error: 'ERR_NO_API_KEY' });
    expect(Object.keys(own)).not.toContain('upstreamStatus');
    expect(Object.keys(own)).not.toContain('task');
  });

  it('says how a stream ended, and where its events came from', () => {
    const origin = { status: 'collapsed', source: 'factory' } as const;
    const stream = { outcome: 'failed', code: 'ERR_"X"', firstEventMs: 3.5, origin } as const;
    expect(JSON.parse(accessLine(end({ stream })))).toMatchObject({
      source: 'collapsed',
      stream: 'failed',
      firstEventMs: 3.5,
      streamError: 'ERR_"X"',
    });
    const left = { outcome: 'client_left', code: undefined, firstEventMs: null, origin: null } as const;
    const line = JSON.parse(accessLine(end({ stream: left }))) as object;
    expect(Object.keys(line).slice(-2)).toEqual(['durationMs', 'stream']);
  });

  it('names no tenant before a key was accepted', () => {
    expect(JSON.parse(accessLine(end({ tenant: undefined })))).not.toHaveProperty('tenant');
  });
});

describe('lines', () => {
  it('are written together, in their order, and none is lost at the end', () => {
    const writes: Buffer[] = [];
    let flushed = 0;
    const batch = new LineBatch({ write: (lines) => writes.push(lines), flushSync: () => (flushed += 1) });
    const log = accessLog((line) => batch.write(line));
    for (let index = 0; index < 1_000; index += 1) log(end({ status: index }));
    batch.write(`"${'日'.repeat(50_000)}"\n`);
    batch.flushSync();
    expect(flushed).toBe(1);
    expect(writes.length).toBeLessThan(20);
    const lines = Buffer.concat(writes)
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(lines.pop()).toBe('日'.repeat(50_000));
    expect(lines).toEqual([...Array(1_000).keys()].map((status) => expect.objectContaining({ status })));
  });
});
