/**
 * Explores the lease of one key: every sequence of a few steps of three processes, and longer random ones, on a real
 * Redis and on the memory backend. Each reply has to be that of `lease-reference.ts`: there is one holder at most, and a
 * stale token changes nothing. Commands that arrive late or after others are steps with a token that was lost.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { MemoryEntryStore } from '@redis-cache/core/backend/memory/memory-entry-store.js';
import { MemoryLeaseStore } from '@redis-cache/core/backend/memory/memory-lease-store.js';
import type { Backend } from '@redis-cache/core/backend/backend.js';
import { createBackend } from '@redis-cache/core/create-backend.js';
import { resolveOptions } from '@redis-cache/core/options/redis-cache-options.schema.js';
import * as fc from '@test/support/chance.js';
import { longRun } from '@test/support/long-run.js';
import { RedisServer, within } from '@test/support/index.js';
import type { LeaseAction, LeaseStep } from './lease-reference.js';
import { compareLeases, LEASE_MS, type LeaseSubject } from './lease-runner.js';

const PREFIX = 'model';
const { seeds, seed } = longRun({ seeds: 200, seed: 20_261_128 });
/** Steps of the sequences of which every one is tried. */
const DEPTH = 4;
/** Sequences that are tried at the same time. */
const BATCH = 256;

const ACTIONS: readonly LeaseAction[] = [
  'renew',
  'complete',
  'put',
  'fail',
  'share',
  'release',
  'adopt',
  'peek',
  'read',
];
const HAPPENINGS: readonly LeaseStep[] = [{ does: 'delete' }, { does: 'expire' }, { does: 'lose data' }];

function acquire(process: number, force = false, hasStale = false): LeaseStep {
  return { does: 'acquire', process, force, hasStale };
}

/** The first step is that of the first process; a third brings nothing new in a short sequence. */
const SHORT_STEPS: readonly LeaseStep[] = [
  ...[0, 1].flatMap((process) => ACTIONS.map((does) => ({ does, process }) as LeaseStep)),
  ...[0, 1].map((process) => acquire(process)),
  acquire(1, true),
  acquire(1, false, true),
  ...HAPPENINGS,
];

function* sequences(depth: number): Generator<LeaseStep[]> {
  if (depth === 1) {
    yield [acquire(0)];
    return;
  }
  for (const start of sequences(depth - 1)) for (const step of SHORT_STEPS) yield [...start, step];
}

const process = fc.nat({ max: 2 });
const flag = fc.boolean();
const longSteps: fc.Arbitrary<LeaseStep[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({ does: fc.constant('acquire' as const), process, force: flag, hasStale: flag }),
    },
    { weight: 20, arbitrary: fc.record({ does: fc.constantFrom(...ACTIONS), process }) },
    { weight: 3, arbitrary: fc.constantFrom(...HAPPENINGS) },
  ) as fc.Arbitrary<LeaseStep>,
  { minLength: 5, maxLength: 60, size: 'max' },
);

let server: RedisServer;
let client: Redis;
let redis: Backend;
let keys = 0;

beforeAll(async () => {
  server = await RedisServer.start();
  client = server.client();
  redis = createBackend(resolveOptions({ connection: { url: server.url }, keyPrefix: PREFIX }));
  await within(new Promise<void>((up) => redis.watch({ up, down: () => {} })), { what: 'the connection' });
});

afterAll(async () => {
  await redis.close();
  await server.stop();
});

function inRedis(): LeaseSubject {
  keys += 1;
  const key = `key ${keys}`;
  const lease = `${PREFIX}:lease:{${key}}`;
  return {
    backend: redis,
    key,
    expire: () => client.unlink(lease),
    lose: () => client.unlink(lease, `${PREFIX}:cache:{${key}}`),
  };
}

function inMemory(): LeaseSubject {
  let now = 1_800_000_000_000;
  const create = (): LeaseSubject['backend'] => {
    const entries = new MemoryEntryStore(
      1_000_000,
      () => now,
      () => leases.revoke(),
    );
    const leases = new MemoryLeaseStore(entries, () => now);
    return { entries, leases };
  };
  let backend = create();
  return {
    get backend() {
      return backend;
    },
    key: 'key',
    // The entry stays.
    expire: async () => {
      const entry = await backend.entries.get('key');
      now += LEASE_MS;
      if (entry) await backend.entries.set('key', entry, LEASE_MS);
    },
    lose: async () => (backend = create()),
  };
}

describe.each<[string, () => LeaseSubject]>([
  ['Redis', inRedis],
  ['memory', inMemory],
])('the lease of a key in %s', (_name, subject) => {
  it('behaves as its reference in every sequence of a few steps', async () => {
    const problems: string[] = [];
    let count = 0;
    let batch: Promise<string | null>[] = [];
    const finish = async (): Promise<void> => {
      for (const problem of await Promise.all(batch)) if (problem !== null) problems.push(problem);
      batch = [];
    };
    for (const steps of sequences(DEPTH)) {
      count += 1;
      batch.push(compareLeases(subject(), steps));
      if (batch.length === BATCH) await finish();
    }
    await finish();
    expect(problems.slice(0, 5)).toEqual([]);
    expect(count).toBe(SHORT_STEPS.length ** (DEPTH - 1));
  }, 600_000);

  it(
    'behaves as its reference in long random sequences',
    async () => {
      const property = fc.asyncProperty(longSteps, async (steps) => {
        expect(await compareLeases(subject(), steps)).toBeNull();
      });
      await fc.assert(property, { seed: fc.seedOr(seed), numRuns: seeds });
    },
    60_000 + seeds * 1_000,
  );
});
