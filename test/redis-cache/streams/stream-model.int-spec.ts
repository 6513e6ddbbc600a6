/**
 * Model check of the log and its protocol: the real engine of several processes on one backend in virtual time, against
 * the specification in `stream-scenario.ts`.
 */
import { describe, expect, it } from '@jest/globals';
import * as fc from '@test/support/chance.js';
import type { Fault } from '@test/model/wire.js';
import { LEASE_MS, type WorldNode } from '@test/model/world-node.js';
import { longRun } from '@test/support/long-run.js';
import { StreamScenario } from './stream-scenario.js';

const NODES = 3;
const { seeds, seed: firstSeed } = longRun({ seeds: 120, seed: 20_270_203 });
const STEPS = { minLength: 20, maxLength: 60, size: 'max' } as const;
const FAULTS: readonly Fault[] = ['refused', 'lost', 'unconfirmed', 'silent', 'dies', 'died', 'freezes'];
/** Faults after which nobody misses anything. */
const TRANSIENT = new Set<Fault>(['refused', 'lost', 'unconfirmed', 'silent']);

type Step =
  | { kind: 'open'; node: number; reads: boolean }
  | { kind: 'start' | 'pause' | 'leave'; reader: number }
  | { kind: 'push'; which: number; count: number }
  | { kind: 'finish'; which: number; how: 'ended' | 'failed' }
  | { kind: 'advance'; ms: number }
  | { kind: 'freeze' | 'thaw' | 'kill' | 'cut' | 'restore' | 'deafen' | 'delete'; node: number }
  | { kind: 'fault'; node: number; fault: Fault; ahead: number };

const node = fc.nat({ max: NODES - 1 });
const which = fc.nat({ max: 5 });
const named = <K extends string>(name: K) => fc.constant(name);
const on = <K extends string>(weight: number, name: K) => ({
  weight,
  arbitrary: fc.record({ kind: named(name), node }),
});
const moment = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 40, max: 2 * LEASE_MS }));

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: named('open'), node, reads: fc.boolean() }) },
  { weight: 8, arbitrary: fc.record({ kind: named('push'), which, count: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 10, arbitrary: fc.record({ kind: named('advance'), ms: moment }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: named('finish'), which, how: fc.constantFrom('ended' as const, 'failed') }),
  },
  { weight: 2, arbitrary: fc.record({ kind: named('start'), reader: fc.nat({ max: 9 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: named('pause'), reader: fc.nat({ max: 9 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: named('leave'), reader: fc.nat({ max: 9 }) }) },
  on(2, 'freeze'),
  on(2, 'thaw'),
  on(1, 'kill'),
  on(1, 'cut'),
  on(1, 'restore'),
  on(1, 'deafen'),
  on(1, 'delete'),
  {
    weight: 4,
    arbitrary: fc.record({
      kind: named('fault'),
      node,
      fault: fc.constantFrom(...FAULTS),
      ahead: fc.nat({ max: 6 }),
    }),
  },
);

async function take(scenario: StreamScenario, step: Step): Promise<void> {
  const { world, readers, open } = scenario;
  switch (step.kind) {
    case 'open':
      if (world.nodes[step.node]!.state === 'running')
        scenario.openReader(world.nodes[step.node]!, step.reads);
      return;
    case 'start':
      return readers[step.reader]?.start();
    case 'pause':
      return readers[step.reader]?.pause();
    case 'leave':
      return readers[step.reader]?.leave();
    case 'push':
      if (open.length > 0) scenario.push(open[step.which % open.length]!, step.count);
      return;
    case 'finish':
      if (open.length > 0) scenario.finish(open[step.which % open.length]!, step.how);
      return;
    case 'advance':
      return world.time.advance(step.ms);
    case 'fault': {
      const { commands, faults } = world.nodes[step.node]!;
      faults.set(commands + step.ahead, step.fault);
      return;
    }
    default:
      affect(scenario, world.nodes[step.node]!, step.kind);
  }
}

function affect(
  scenario: StreamScenario,
  target: WorldNode,
  how: Extract<Step, { node: number }>['kind'],
): void {
  const { nodes } = scenario.world;
  if (target.state === 'dead') return;
  if (how === 'thaw') target.thaw();
  if (how === 'restore') target.restore();
  if (how === 'delete') scenario.delete(target);
  if (how === 'freeze') target.freeze();
  if (how === 'cut') target.cut();
  if (how === 'deafen') target.isDeaf = true;
  // Somebody must be left who could hang.
  if (how === 'kill' && nodes.filter(({ state }) => state !== 'dead').length > 1) target.die();
}

async function run(story: (scenario: StreamScenario) => Promise<void>, seed = 1): Promise<StreamScenario> {
  const scenario = new StreamScenario(NODES, seed);
  try {
    await story(scenario);
    await scenario.settle();
  } finally {
    await scenario.close();
  }
  return scenario;
}

describe('the streams of three processes', () => {
  it(
    'are right and end for everybody, in a random order of events',
    async () => {
      const seen = { complete: 0, interrupted: 0, failed: 0 };
      await fc.assert(
        fc.asyncProperty(fc.array(anyStep, STEPS), fc.nat(), async (steps, seed) => {
          const { readers } = await run(async (scenario) => {
            for (const step of steps) {
              await take(scenario, step);
              scenario.check();
            }
          }, seed);
          for (const { end } of readers) tally(seen, end);
        }),
        { seed: fc.seedOr(firstSeed), numRuns: seeds },
      );
      // Otherwise it would not have tested what it says.
      expect(Math.min(...Object.values(seen))).toBeGreaterThan(5);
    },
    120_000 + seeds * 1_000,
  );

  it.each<[string, number]>([
    ['leader', 0],
    ['follower', 1],
  ])(
    'survive one fault of any kind at any command of the %s',
    async (_who, troubled) => {
      const { commands } = (await run(tellStory)).world.nodes[troubled]!;
      expect(commands).toBeGreaterThan(10);
      for (let number = 0; number < commands; number += 1) {
        for (const [index, fault] of FAULTS.entries()) {
          // A third of all pairs, which is each fault at every third command, keeps the test short.
          if ((number + index) % 3 > 0) continue;
          const { readers } = await run(async (scenario) => {
            scenario.world.nodes[troubled]!.faults.set(number, fault);
            await tellStory(scenario);
          });
          if (!TRANSIENT.has(fault)) continue;
          const ends = readers.map(({ end, pieces }) => ({ ...end, pieces: pieces.length }));
          const complete = readers.map(() => ({ pieces: 5 }));
          expect({ number, fault, ends }).toEqual({ number, fault, ends: complete });
        }
      }
    },
    600_000,
  );
});

function tally(
  seen: Record<'complete' | 'interrupted' | 'failed', number>,
  end: StreamScenario['readers'][number]['end'],
): void {
  if (end === undefined || end.left) return;
  if (end.error === undefined) seen.complete += 1;
  else if (String(end.error).includes('failure of')) seen.failed += 1;
  else seen.interrupted += 1;
}

/**
 * Two processes follow a third; one reader pauses after its first piece, two read only at the end. Each call produces five
 * pieces.
 */
async function tellStory(scenario: StreamScenario): Promise<void> {
  const { world } = scenario;
  const [leader, follower, waiter] = world.nodes;
  scenario.openReader(leader!, true);
  await world.time.advance(30);
  pushToAll(scenario, 1);
  await world.time.advance(20);
  scenario.openReader(follower!, true);
  const late = [waiter!, follower!].map((place) => scenario.openReader(place, false));
  const slow = scenario.openReader(follower!, true);
  await world.time.advance(60);
  slow.pause();
  pushToAll(scenario, 2);
  await world.time.advance(12);
  pushToAll(scenario, 3);
  // Long enough for a renewal, and for what has lost its lease to be taken over.
  await world.time.advance(3 * LEASE_MS);
  pushToAll(scenario, 4);
  for (const reader of late) reader.start();
  await world.time.advance(30);
  // Now there are pieces of another call, if the leader has been replaced.
  slow.start();
  pushToAll(scenario, 5);
  for (const computation of scenario.open) scenario.finish(computation, 'ended');
  await world.time.advance(30);
}

/** Lets each call go on until it has produced that many pieces. */
function pushToAll(scenario: StreamScenario, count: number): void {
  for (const computation of scenario.open) scenario.push(computation, count - computation.pieces.length);
}
