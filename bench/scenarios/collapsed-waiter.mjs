import { setTimeout as sleep } from 'node:timers/promises';
import { milliseconds } from '../lib/format.mjs';
import { summarise } from '../lib/statistics.mjs';
import { endGroup, inTurn, notAvailable, startGroups } from './rounds.mjs';

const FACTORY_MS = 80;
const HEAD_START_MS = 20;
/** The first rounds open connections and compile code. */
const WARM_UP_ROUNDS = 3;

/** Measures how long after the computing process a waiting process gets the value. */
export function collapsedWaiter(spec) {
  return { ...spec, run: (bench, tools) => run(bench, tools, spec) };
}

async function run(bench, { redis }, spec) {
  const { groups, missing } = await startGroups(bench, {
    operation: 'getOrSet',
    processes: 2,
    redis,
    label: spec.id,
  });
  const rounds = bench.effort(50, 12);
  const results = await inTurn(groups, WARM_UP_ROUNDS + rounds, ({ processes }, round) =>
    collapse(processes, `${spec.id}-${round}`, spec.payload),
  );
  for (const group of groups) await endGroup(bench, group);
  const rows = groups.map((group) => rowOf(group, results.get(group).slice(WARM_UP_ROUNDS)));
  return { rows: [...rows, ...missing.map(notAvailable)], unit: 'ms' };
}

async function collapse([first, second], key, payload) {
  const question = { key, callers: 1, factoryMs: FACTORY_MS, payload };
  const asked = first.call('ask', question);
  await sleep(HEAD_START_MS);
  const answers = await Promise.all([asked, second.call('ask', question)]);
  const factoryCalls = answers[0].factoryCalls + answers[1].factoryCalls;
  const leader = answers.find((answer) => answer.factoryCalls > 0);
  const waiter = answers.find((answer) => answer !== leader);
  // A process whose call came after the value was stored did not wait.
  const waited = factoryCalls === 1 && waiter.startedAt < leader.at;
  return { factoryCalls, delayMs: waited ? waiter.at - leader.at : null };
}

function rowOf({ contender }, rounds) {
  const delays = rounds.map(({ delayMs }) => delayMs).filter((delay) => delay !== null);
  const alone = rounds.filter(({ factoryCalls }) => factoryCalls > 1).length;
  if (delays.length < rounds.length / 2) {
    const cells = [`not collapsed: the factory ran in both processes in ${alone} of ${rounds.length} rounds`];
    return { contender, cells, measured: undefined, data: { rounds } };
  }
  const delay = summarise(delays);
  const cells = [milliseconds(delay), `at most ${delay.max.toFixed(1)} ms; ${delays.length} rounds`];
  return { contender, cells, measured: delay.median, data: { delay, rounds } };
}
