import { beforeEach, describe, expect, it } from '@jest/globals';
import { ControlledBackend, replyless } from '@test/fixtures/redis-cache/controlled-backend.js';
import { RecordingLogger } from '@test/fixtures/redis-cache/recording-logger.js';
import { EvictionWatch } from './eviction-watch.js';

const WARNING =
  /may evict queued requests, dead letters and shared counters: its maxmemory-policy is allkeys-lru/;

describe('a server that may evict what must not be lost', () => {
  let backend: ControlledBackend;
  let guard: { serving: boolean };
  let logger: RecordingLogger;
  let watch: EvictionWatch;

  beforeEach(() => {
    backend = new ControlledBackend();
    guard = { serving: true };
    logger = new RecordingLogger();
    watch = new EvictionWatch(backend, guard, logger);
    backend.policy = 'allkeys-lru';
  });

  it('is no concern of a cache that stores nothing lasting', async () => {
    expect(await watch.warnings()).toEqual([]);
    expect(logger.lines).toEqual([]);
  });

  it('is one line in the log, however often the queue is used', async () => {
    for (let use = 0; use < 3; use += 1) {
      watch.noteUse();
      expect(await watch.warnings()).toEqual([expect.stringMatching(WARNING)]);
    }
    expect(logger.lines).toEqual([expect.stringMatching(WARNING)]);
  });

  it('is no longer one once its policy was changed, and one again after that', async () => {
    watch.noteUse();
    await watch.warnings();
    backend.policy = 'volatile-lru';
    expect(await watch.warnings()).toEqual([]);
    backend.policy = 'allkeys-lru';
    expect(await watch.warnings()).toHaveLength(1);
    expect(logger.lines).toHaveLength(2);
  });

  it.each(['noeviction', 'volatile-lru', 'volatile-ttl', ''])(
    'is not one with the policy %j',
    async (policy) => {
      backend.policy = policy;
      watch.noteUse();
      expect(await watch.warnings()).toEqual([]);
    },
  );

  it('is still reported while it cannot be reached, and never sent a command then', async () => {
    watch.noteUse();
    await watch.warnings();
    guard.serving = false;
    backend.evictionPolicy = () => {
      throw new Error('a command was sent');
    };
    expect(await watch.warnings()).toHaveLength(1);
  });

  it('is found later if the connection was lost while its policy was queried', async () => {
    const query = backend.evictionPolicy;
    backend.evictionPolicy = () => Promise.reject(replyless('ECONNRESET'));
    watch.noteUse();
    expect(await watch.warnings()).toEqual([]);
    backend.evictionPolicy = query;
    watch.noteUse();
    expect(await watch.warnings()).toHaveLength(1);
  });
});
