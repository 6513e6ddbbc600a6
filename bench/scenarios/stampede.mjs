import { milliseconds } from '../lib/format.mjs';
import { summarise } from '../lib/statistics.mjs';
import { endGroup, inTurn, notAvailable, startGroups } from './rounds.mjs';

const FACTORY_MS = 200;

/**
 * Many callers in one or several processes request one value that is not cached yet.
 *
 * @param {object} spec
 * @param {number} spec.callers in all processes together
 * @param {number} spec.processes
 */
export function stampede(spec) {
  return { ...spec, run: (bench, tools) => run(bench, tools, spec) };
}

async function run(bench, { redis }, spec) {
  const operation = 'getOrSet';
  const { groups, missing } = await startGroups(bench, {
    operation,
    processes: spec.processes,
    redis,
    label: spec.id,
  });
  const results = await inTurn(groups, bench.effort(8, 3), ({ processes }, round) =>
    storm(processes, { ...spec, key: `${spec.id}-${round}` }),
  );
  for (const group of groups) await endGroup(bench, group);
  const rows = groups.map((group) => rowOf(group, results.get(group), spec.callers));
  return { rows: [...rows, ...missing.map(notAvailable)], unit: 'ms' };
}

async function storm(processes, { key, callers, payload }) {
  const question = { key, callers: callers / processes.length, factoryMs: FACTORY_MS, payload };
  const answers = await Promise.all(processes.map((process) => process.call('ask', question)));
  const startedAt = Math.min(...answers.map((answer) => answer.startedAt));
  const at = Math.max(...answers.map((answer) => answer.at));
  const sum = (name) => answers.reduce((total, answer) => total + answer[name], 0);
  return { factoryCalls: sum('factoryCalls'), answered: sum('answered'), tookMs: at - startedAt };
}

function rowOf({ contender }, rounds, callers) {
  const calls = summarise(rounds.map(({ factoryCalls }) => factoryCalls));
  const answered = Math.min(...rounds.map((round) => round.answered));
  const took = summarise(rounds.map(({ tookMs }) => tookMs));
  const cells = [
    `factory calls ${calls.median} (at most ${calls.max})`,
    `${answered} of ${callers} settled, the last after ${milliseconds(took)}`,
  ];
  return { contender, cells, measured: calls.max, data: { calls, answered, took, rounds } };
}
