import { beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { RecordingLogger } from '@test/fixtures/redis-cache/recording-logger.js';
import { MemoryBackend } from '../backend/memory/memory-backend.js';
import type { StreamRecord } from '../backend/stream-store.js';
import { createCounters } from '../counters/counters.js';
import { Guard } from '../guard/guard.js';
import { Relay } from '../stream/relay.js';
import { LogFollower } from './log-follower.js';

const LEASE_MS = 60_000;
const HEADER: StreamRecord = { kind: 'header', text: '{}' };
const END: StreamRecord = { kind: 'ended', text: '' };

const pieces = (text: string): StreamRecord => ({ kind: 'pieces', text });

describe('LogFollower', () => {
  let backend: MemoryBackend;
  let relay: Relay;
  let token: string;
  let follower: LogFollower;

  beforeEach(async () => {
    backend = new MemoryBackend({ maxBytes: 1_000_000 });
    const guard = new Guard(backend, {
      deadlineMs: 400,
      counters: createCounters(),
      logger: new RecordingLogger(),
    });
    [relay, token] = [new Relay(), randomUUID()];
    follower = new LogFollower(
      { backend, guard, maxValueBytes: 1_000 },
      { key: 'key', token, watchMs: 1_000, relay },
    );
    await backend.leases.acquire('key', token, LEASE_MS, { seen: null, hasStale: false, force: false });
  });

  const write = (first: number, records: StreamRecord[], keepFrom = 1) =>
    backend.streams.append('key', token, {
      first,
      records,
      keepFrom,
      leaseMs: LEASE_MS,
      expireMs: LEASE_MS,
    });

  it('reads what is new into one log, up to its end', async () => {
    expect(await follower.read()).toEqual({ state: 'absent' });
    await write(1, [HEADER, pieces('["a"]')]);
    expect(await follower.read()).toEqual({ state: 'live' });
    const { log } = relay;
    await write(3, [pieces('["b","c"]'), END]);
    expect(await follower.read()).toEqual({ state: 'ended' });
    expect(relay.log).toBe(log);
    expect([log!.pieces, log!.state, log!.isLocal]).toEqual([['a', 'b', 'c'], 'ended', false]);
    expect(relay.claim).toEqual({ token, tags: {} });
  });

  it('returns the text of a failure', async () => {
    await write(1, [HEADER, pieces('["a"]'), { kind: 'failed', text: '{"message":"no"}' }]);
    expect(await follower.read()).toEqual({ state: 'failed', failure: '{"message":"no"}' });
    expect(relay.log!.pieces).toEqual(['a']);
  });

  it.each<[string, StreamRecord[], number]>([
    ['was cut', [HEADER, pieces('["a"]'), { kind: 'cut', text: '' }], 1],
    ['has a damaged header', [{ kind: 'header', text: '{"tag":' }], 1],
    ['has a header that is no object', [{ kind: 'header', text: 'null' }], 1],
    ['has damaged pieces', [HEADER, pieces('["a"]'), pieces('["b')], 1],
    ['has pieces that are no list', [HEADER, pieces('{"length":1}')], 1],
    ['has a record of an unknown kind', [HEADER, { kind: 'newer' as never, text: '["a"]' }], 1],
    ['has no header', [pieces('["a"]')], 1],
    ['has two headers', [HEADER, HEADER], 1],
    ['has lost its first records', [HEADER, pieces('["a"]'), pieces('["b"]')], 3],
  ])('is lost when the log %s', async (_how, records, keepFrom) => {
    await write(1, records, keepFrom);
    expect(await follower.read()).toEqual({ state: 'lost' });
    expect(relay.log?.pieces ?? []).not.toContain('b');
  });

  it('is lost when the log has dropped what comes next, or is gone', async () => {
    await write(1, [HEADER, pieces('["a"]')]);
    await follower.read();
    await write(3, [pieces('["b"]'), pieces('["c"]')], 4);
    expect(await follower.read()).toEqual({ state: 'lost' });
    expect(relay.log!.pieces).toEqual(['a']);
  });

  it('hands out nothing when a tag has another version', async () => {
    const [version] = await backend.tags.ensure(['tag'], LEASE_MS);
    await backend.tags.invalidate(['tag']);
    await write(1, [{ kind: 'header', text: JSON.stringify({ tag: version }) }, pieces('["a"]')]);
    expect(await follower.read()).toEqual({ state: 'outdated' });
    expect(relay.log).toBeUndefined();
  });

  it('reads on where it was after Redis was unavailable', async () => {
    await write(1, [HEADER, pieces('["a"]')]);
    await follower.read();
    const { read } = backend.streams;
    backend.streams.read = () => Promise.reject(new Error('no reply'));
    expect(await follower.read()).toEqual({ state: 'unavailable' });
    backend.streams.read = read.bind(backend.streams);
    await write(3, [pieces('["b"]')]);
    expect(await follower.read()).toEqual({ state: 'live' });
    expect(relay.log!.pieces).toEqual(['a', 'b']);
  });
});
