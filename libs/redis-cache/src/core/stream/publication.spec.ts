import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { deferred } from '@test/fixtures/redis-cache/deferred.js';
import { RecordingLogger } from '@test/fixtures/redis-cache/recording-logger.js';
import { MemoryBackend } from '../backend/memory/memory-backend.js';
import type { StreamAppend, StreamAppended, StreamReading } from '../backend/stream-store.js';
import { createCounters } from '../counters/counters.js';
import { Guard } from '../guard/guard.js';
import { Publisher, type PiecePublication } from './publisher.js';

const LEASE_MS = 3_000;

const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

describe('a publication', () => {
  let backend: MemoryBackend;
  let token: string;
  let appends: StreamAppend[];
  /** Replaces the next results of `append`. */
  let results: (() => Promise<StreamAppended>)[];
  let holds: number;
  let publisher: Publisher;

  beforeEach(async () => {
    jest.useFakeTimers();
    backend = new MemoryBackend({ maxBytes: 1_000_000 });
    const guard = new Guard(backend, {
      deadlineMs: 400,
      counters: createCounters(),
      logger: new RecordingLogger(),
    });
    [appends, results, holds, token] = [[], [], 0, randomUUID()];
    const { append } = backend.streams;
    backend.streams.append = async (key, holder, given) => {
      appends.push({ ...given, records: [...given.records] });
      return results.shift()?.() ?? append.call(backend.streams, key, holder, given);
    };
    publisher = new Publisher({ streams: backend.streams, guard, maxValueBytes: 100, maxLive: 1 });
    await backend.leases.acquire('key', token, LEASE_MS, { seen: null, hasStale: false, force: false });
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  const read = (after = 0): Promise<StreamReading> => backend.streams.read('key', token, after, 1_000);
  const textsOf = async (): Promise<string[]> => (await read()).records.map(({ text }) => text);
  const hold = (): (() => void) => {
    holds += 1;
    return () => void (holds -= 1);
  };
  const start = (): PiecePublication =>
    publisher.start({ key: 'key', token, leaseMs: LEASE_MS, tags: { tag: 'v1' }, hold })!;

  it('writes the first piece at once, then what has come in 10 ms together', async () => {
    const publication = start();
    for (const piece of ['a', 'b', 'c']) publication.add(piece);
    await pass(0);
    expect(await textsOf()).toEqual(['{"tag":"v1"}', '["a"]']);
    await pass(9);
    expect(appends).toHaveLength(1);
    await pass(1);
    expect(await textsOf()).toEqual(['{"tag":"v1"}', '["a"]', '["b","c"]']);
  });

  it('writes a burst in several steps, between which other work is done', async () => {
    const size = 1_048_576;
    backend = new MemoryBackend({ maxBytes: 100 * size });
    const guard = new Guard(backend, {
      deadlineMs: 400,
      counters: createCounters(),
      logger: new RecordingLogger(),
    });
    const large = { streams: backend.streams, guard, maxValueBytes: 20 * size, maxLive: 1 };
    await backend.leases.acquire('key', token, LEASE_MS, { seen: null, hasStale: false, force: false });
    const terms = { key: 'key', token, leaseMs: LEASE_MS, tags: undefined, hold };
    const publication = new Publisher(large).start(terms)!;
    const pieces = ['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => letter.repeat(size));
    for (const piece of pieces) publication.add(piece);
    const finished = publication.finish({ kind: 'ended', text: '' });
    const written: number[] = [];
    for (let count = 0; count < 6; count += 1) {
      written.push((await read()).records.length);
      await pass(count === 0 ? 10 : 1);
    }
    await finished;
    // The header and the first piece, then two pieces in each step, then the end.
    expect(written).toEqual([2, 4, 6, 8, 8, 8]);
    expect((await textsOf()).slice(1, 7)).toEqual(pieces.map((piece) => `["${piece}"]`));
  });

  it('writes one batch at a time', async () => {
    const reply = deferred<StreamAppended>();
    results.push(() => reply.promise);
    const publication = start();
    publication.add('a');
    await pass(0);
    publication.add('b');
    await pass(300);
    expect(appends).toHaveLength(1);
    reply.resolve('unwatched');
    await pass(0);
    expect(appends).toHaveLength(2);
  });

  it('renews the log three times in leaseMs while the source is silent', async () => {
    start().add('a');
    await pass(LEASE_MS);
    expect(appends.slice(1)).toEqual([1, 2, 3].map(() => expect.objectContaining({ first: 3, records: [] })));
  });

  it('repeats a write that is not confirmed, with the same numbers and texts', async () => {
    results.push(() => Promise.reject(new Error('no reply')));
    const publication = start();
    publication.add('a');
    await pass(20);
    publication.add('b');
    await pass(100);
    const [first, second] = appends;
    expect(second!.first).toBe(first!.first);
    expect(second!.records.slice(0, first!.records.length)).toEqual(first!.records);
    expect(await textsOf()).toEqual(['{"tag":"v1"}', '["a"]', '["b"]']);
  });

  it('gives up after leaseMs without a confirmation', async () => {
    results.push(...Array.from({ length: 100 }, () => () => Promise.reject(new Error('no reply'))));
    const publication = start();
    publication.add('a');
    await pass(LEASE_MS + 200);
    const { length } = appends;
    publication.add('b');
    await pass(LEASE_MS);
    expect(appends).toHaveLength(length);
    expect(publisher.start({ key: 'key', token, leaseMs: LEASE_MS, tags: undefined, hold })).toBeDefined();
  });

  it('ends with a last record, for which it waits, and frees its place', async () => {
    const publication = start();
    publication.add('a');
    await pass(0);
    publication.add('b');
    expect(publisher.start({ key: 'key', token, leaseMs: LEASE_MS, tags: undefined, hold })).toBeUndefined();
    const finished = publication.finish({ kind: 'ended', text: '' });
    await pass(10);
    await finished;
    expect((await read(2)).records).toEqual([
      { number: 3, kind: 'pieces', text: '["b"]' },
      { number: 4, kind: 'ended', text: '' },
    ]);
    expect(appends.at(-1)!.expireMs).toBe(2_000);
    expect(publisher.start({ key: 'key', token, leaseMs: LEASE_MS, tags: undefined, hold })).toBeDefined();
    await pass(LEASE_MS);
    expect(appends).toHaveLength(2);
  });

  it('does not wait for its last record while Redis is away, and writes it later', async () => {
    const publication = start();
    publication.add('a');
    await pass(0);
    results.push(() => Promise.reject(new Error('no reply')));
    publication.add('b');
    await pass(10);
    await publication.finish({ kind: 'ended', text: '' });
    await pass(100);
    expect((await read(3)).records).toEqual([{ number: 4, kind: 'ended', text: '' }]);
  });

  it('writes nothing without a piece', async () => {
    await start().finish({ kind: 'failed', text: '{}' });
    expect(appends).toEqual([]);
  });

  it('holds the computation while it is watched', async () => {
    const publication = start();
    await read();
    publication.add('a');
    await pass(0);
    expect(holds).toBe(1);
    await pass(1_000);
    expect(holds).toBe(0);
  });

  it('cuts a log at a piece that JSON cannot carry, or that is too large', async () => {
    for (const piece of [1n, undefined, 'x'.repeat(100)]) {
      const publication = start();
      publication.add('a');
      publication.add(piece);
      publication.add('b');
      await pass(10);
      expect((await read(2)).records).toEqual([{ number: 3, kind: 'cut', text: '' }]);
      await pass(2_000);
    }
  });

  it('keeps at most maxValueBytes, from the latest records', async () => {
    const publication = start();
    for (const letter of ['a', 'b', 'c', 'd']) {
      publication.add(letter.repeat(30));
      await pass(10);
    }
    expect(await textsOf()).toEqual(['c', 'd'].map((letter) => `["${letter.repeat(30)}"]`));
  });

  it('stops when the log is lost', async () => {
    results.push(async () => 'lost');
    const publication = start();
    publication.add('a');
    await pass(0);
    publication.add('b');
    await publication.finish({ kind: 'ended', text: '' });
    await pass(LEASE_MS);
    expect(appends).toHaveLength(1);
  });
});
