/**
 * Model check of the two leases: the real engine of three processes on one backend in virtual time, with processes that
 * freeze and die, messages that are lost or overtake each other, and a Redis that restarts, empty or with its data. What
 * must hold is stated in `lease-scenario.ts` and `queue-scenario.ts`. That Redis itself does what the memory backend
 * does is the subject of `lease-store.int-spec.ts` and `queue-model.int-spec.ts`.
 */
import { describe, expect, it } from '@jest/globals';
import * as fc from '@test/support/chance.js';
import { longRun } from '@test/support/long-run.js';
import { trouble, type Trouble, troubles } from './faults.js';
import { type Key, KEYS, LeaseScenario } from './lease-scenario.js';
import { QueueScenario } from './queue-scenario.js';
import { LEASE_MS } from './world-node.js';

const NODES = 3;
const LENGTH = { minLength: 20, maxLength: 60, size: 'max' } as const;
const { seeds, seed } = longRun({ seeds: 60, seed: 20_261_128 });
const TIMEOUT_MS = 120_000 + seeds * 1_000;
/** Shrinking a failure takes longer than the test may, which would then report the time and not the failure. */
const RUNS = { seed: fc.seedOr(seed), numRuns: seeds, endOnFailure: true };

const node = fc.nat({ max: NODES - 1 });
const which = fc.nat({ max: 5 });
const key = fc.constantFrom<Key>(...KEYS);
const named = <K extends string>(kind: K) => fc.constant(kind);
const moment = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 40, max: 2 * LEASE_MS }));
const common = [
  { weight: 10, arbitrary: fc.record({ kind: named('advance'), ms: moment }) },
  { weight: 10, arbitrary: fc.record({ kind: named('trouble'), what: troubles(NODES) }) },
  { weight: 1, arbitrary: fc.record({ kind: named('restart'), how: fc.constantFrom('empty', 'with data') }) },
] as const;

type Common =
  | { kind: 'advance'; ms: number }
  | { kind: 'trouble'; what: Trouble }
  | { kind: 'restart'; how: 'empty' | 'with data' };

async function takeCommon(scenario: LeaseScenario | QueueScenario, step: Common): Promise<void> {
  if (step.kind === 'advance') await scenario.world.time.advance(step.ms);
  else if (step.kind === 'trouble') trouble(scenario.world, step.what);
  else scenario.restart(step.how);
}

async function run<Scenario extends LeaseScenario | QueueScenario>(
  scenario: Scenario,
  story: (scenario: Scenario) => Promise<void>,
): Promise<Scenario> {
  try {
    await story(scenario);
    await scenario.settle();
  } finally {
    await scenario.close();
  }
  return scenario;
}

type LeaseStep =
  | Common
  | { kind: 'call'; node: number; key: Key; how: 'plain' | 'stale' | 'no-cache' }
  | { kind: 'finish'; which: number; how: 'ended' | 'failed' }
  | { kind: 'invalidate'; node: number; key: Key };

const CALL_OPTIONS = {
  plain: {},
  stale: { ttlSeconds: 0.1, staleSeconds: 60 },
  'no-cache': { readPolicy: 'no-cache' },
} as const;

const how = fc.constantFrom<keyof typeof CALL_OPTIONS>('plain', 'plain', 'plain', 'stale', 'no-cache');
const leaseSteps = fc.array(
  fc.oneof(
    ...common,
    { weight: 10, arbitrary: fc.record({ kind: named('call'), node, key, how }) },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: named('finish'),
        which,
        how: fc.constantFrom('ended', 'ended', 'failed'),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: named('invalidate'), node, key }) },
  ) as fc.Arbitrary<LeaseStep>,
  LENGTH,
);

async function takeLeaseStep(scenario: LeaseScenario, step: LeaseStep): Promise<void> {
  const { world, open } = scenario;
  const at = 'node' in step ? world.nodes[step.node]! : undefined;
  if (step.kind === 'finish') {
    if (open.length > 0) scenario.finish(open[step.which % open.length]!, step.how);
  } else if (step.kind === 'call') {
    if (at!.state === 'running') scenario.call(at!, step.key, CALL_OPTIONS[step.how]);
  } else if (step.kind === 'invalidate') {
    if (at!.state === 'running') scenario.invalidate(at!, step.key);
  } else {
    await takeCommon(scenario, step);
  }
}

type QueueStep =
  | Common
  | { kind: 'push'; node: number; count: number }
  | { kind: 'finish'; which: number; how: 'done' | 'failed' | 'later' };

const queueSteps = fc.array(
  fc.oneof(
    ...common,
    { weight: 6, arbitrary: fc.record({ kind: named('push'), node, count: fc.integer({ min: 1, max: 4 }) }) },
    {
      weight: 14,
      arbitrary: fc.record({
        kind: named('finish'),
        which,
        how: fc.constantFrom('done', 'done', 'done', 'failed', 'later'),
      }),
    },
  ) as fc.Arbitrary<QueueStep>,
  LENGTH,
);

async function takeQueueStep(scenario: QueueScenario, step: QueueStep): Promise<void> {
  const { world, open } = scenario;
  if (step.kind === 'finish') {
    if (open.length > 0) scenario.finish(open[step.which % open.length]!, step.how);
  } else if (step.kind === 'push') {
    const from = world.nodes[step.node]!;
    for (let left = step.count; left > 0 && from.state === 'running'; left -= 1) scenario.push(from);
  } else {
    await takeCommon(scenario, step);
  }
}

describe('the lease of a key, with three processes', () => {
  it(
    'has one holder, keeps what is stored right, and ends every call, in a random order of events',
    async () => {
      const seen = { values: 0, failures: 0, takeOvers: 0 };
      await fc.assert(
        fc.asyncProperty(leaseSteps, fc.nat(), async (steps, chance) => {
          const { calls, computations } = await run(new LeaseScenario(NODES, chance), async (scenario) => {
            for (const step of steps) {
              await takeLeaseStep(scenario, step);
              scenario.check();
            }
          });
          for (const { end } of calls) if (end) seen['value' in end ? 'values' : 'failures'] += 1;
          seen.takeOvers += computations.filter(({ node: { state }, state: end }) => {
            return state === 'dead' && end === 'open';
          }).length;
        }),
        RUNS,
      );
      // Otherwise it would not have tested what it says.
      expect(Math.min(...Object.values(seen))).toBeGreaterThan(5);
    },
    TIMEOUT_MS,
  );
});

describe('the lease of a request, with a consumer in each of three processes', () => {
  it(
    'loses no request, delivers none twice within its lease, and leaves none behind, in a random order of events',
    async () => {
      const seen = { handled: 0, redelivered: 0, lost: 0 };
      await fc.assert(
        fc.asyncProperty(queueSteps, fc.nat(), async (steps, chance) => {
          const { items, handlings } = await run(new QueueScenario(NODES, chance), async (scenario) => {
            for (const step of steps) {
              await takeQueueStep(scenario, step);
              scenario.check();
            }
          });
          seen.handled += items.filter(({ isRemoved }) => isRemoved).length;
          seen.lost += items.filter(({ isLost }) => isLost).length;
          seen.redelivered += handlings.length - new Set(handlings.map(({ item }) => item)).size;
        }),
        RUNS,
      );
      expect(Math.min(...Object.values(seen))).toBeGreaterThan(5);
    },
    TIMEOUT_MS,
  );
});
