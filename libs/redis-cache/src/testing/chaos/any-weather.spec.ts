import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import * as fc from '@test/support/chance.js';
import type { LeaseStore } from '../../core/backend/backend.js';
import type { GetOrSetOptions } from '../../core/options/get-or-set-options.js';
import { RemoteFactoryError } from '../../core/errors/errors.js';
import type { ChaosCounts } from './chaos-backend.js';
import type { ChaosOptions } from './chaos-options.js';
import { ACTIONS, type Step } from './spec-support/steps.js';
import { answered, DEADLINE_MS, TwoProcesses } from './spec-support/two-processes.js';

const reply = (message: string) => () => Object.assign(new Error(message), { name: 'ReplyError' });
const ERRORS = [
  undefined,
  () => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }),
  ...['LOADING is', 'OOM command', 'READONLY You', 'WRONGTYPE Operation', 'ERR unknown'].map(reply),
];

const rate = fc.constantFrom(0, 0, 0.05, 0.3, 0.9, 1);
const weather: fc.Arbitrary<ChaosOptions> = fc.record({
  failRate: rate,
  hangRate: rate,
  delayRate: rate,
  delayMs: fc.integer({ min: 0, max: 2 * DEADLINE_MS }),
  corruptRate: rate,
  seed: fc.integer(),
  error: fc.constantFrom(...ERRORS),
});
const callOptions: fc.Arbitrary<GetOrSetOptions> = fc.record(
  {
    tags: fc.constant(['tag']),
    ttlSeconds: fc.constantFrom(0.001, 10),
    staleSeconds: fc.constantFrom(0, 10),
    softTimeoutMs: fc.constantFrom(0, 5),
    refreshAhead: fc.constant(0.001),
    negativeTtlSeconds: fc.constantFrom(0, 10),
    failureBackoffMs: fc.constant(10),
    crossProcess: fc.boolean(),
    readPolicy: fc.constantFrom('cache', 'no-cache'),
    writePolicy: fc.constantFrom('cache', 'no-store'),
  },
  { requiredKeys: [] },
);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    process: fc.constantFrom(0, 1),
    key: fc.constantFrom('one', 'two'),
    action: fc.constantFrom(...(Object.keys(ACTIONS) as Step['action'][])),
    options: callOptions,
  }),
  { minLength: 4, maxLength: 24 },
);

/** Runs all steps concurrently. Rejects when one rejects or does not settle. */
async function runAll({ caches }: TwoProcesses, those: Step[]): Promise<boolean[]> {
  return Promise.all(
    those.map((step) => answered(ACTIONS[step.action](caches[step.process]!, step), step.action)),
  );
}

/** Runs the steps without faults, with faults, with the first process cut off, and after the recovery. */
async function runInChaos(
  weathers: [ChaosOptions, ChaosOptions],
  those: Step[],
  tally: ChaosCounts[],
): Promise<boolean[]> {
  const processes = new TwoProcesses();
  try {
    const calm = await runAll(processes, those);
    weathers.forEach((options, index) => processes.chaos[index]!.set(options));
    const rough = await runAll(processes, those);
    processes.chaos[0]!.goDown();
    const cutOff = await runAll(processes, those);
    await processes.recovered();
    return [...calm, ...rough, ...cutOff, ...(await runAll(processes, those))];
  } finally {
    tally.push(...processes.chaos.map(({ injected }) => injected));
    await processes.close();
  }
}

/** Returns what a caller receives that waits for another process, when that process ends with `leave`. */
async function answerTo(leave: (leases: LeaseStore, token: string) => Promise<boolean>): Promise<unknown> {
  const processes = new TwoProcesses();
  const { leases } = processes.shared;
  const token = randomUUID();
  try {
    await leases.acquire('key', token, 60_000, { seen: null, hasStale: false, force: false });
    const waiting = processes.caches[0]!.getOrSet('key', () => 'computed again');
    const settled = waiting.catch((error: unknown) => error);
    await new Promise((resolve) => setImmediate(resolve));
    await leave(leases, token);
    return await answered(settled, 'getOrSet');
  } finally {
    await processes.close();
  }
}

describe('with faults of every kind', () => {
  it('every operation returns an allowed result, and only factories fail', async () => {
    const tally: ChaosCounts[] = [];
    await fc.assert(
      fc.asyncProperty(weather, weather, steps, async (one, two, those) => {
        const allowed = await runInChaos([one, two], those, tally);
        const damaged = (one.corruptRate ?? 0) > 0 || (two.corruptRate ?? 0) > 0;
        if (!damaged) expect(allowed).not.toContain(false);
      }),
      { numRuns: 60, endOnFailure: true },
    );
    for (const fault of ['failed', 'hung', 'delayed', 'corrupted'] as const) {
      expect(tally.some((those) => those[fault] > 0)).toBe(true);
    }
  }, 120_000);
});

describe('an outcome that another process stored', () => {
  it.each(['', '{"message":"its o', 'no JSON', 'null', '7'])(
    'counts as a failure even if its text is %j',
    async (text) => {
      const failure = await answerTo((leases, token) => leases.fail('key', token, text, 60_000));
      expect(failure).toBeInstanceOf(RemoteFactoryError);
      expect(failure).toMatchObject({ message: 'a factory failed' });
    },
  );

  it.each(['', '{"value":"it', 'no JSON'])(
    'counts as absent if its text is %j: the value is computed again',
    async (text) => {
      const value = await answerTo((leases, token) => leases.share('key', token, text, 60_000));
      expect(value).toBe('computed again');
    },
  );
});
