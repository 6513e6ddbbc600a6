import { cpuTime, perSecond, ratio } from '../lib/format.mjs';
import { summarise } from '../lib/statistics.mjs';
import { inTurn, notAvailable } from './rounds.mjs';

/**
 * Measures how many requests per second pass through a queue, which is empty before and after each round.
 *
 * @param {object} spec
 * @param {string} spec.task see ../lib/queue-tasks.mjs
 * @param {string} spec.operation the operation that a contender needs; see ../contenders/contender.d.ts
 * @param {number} spec.count requests in a round
 * @param {number} [spec.floor] the least ratio to the baseline, for `--check`
 */
export function queue(spec) {
  return { ...spec, run: (bench, tools) => run(bench, tools, spec) };
}

async function run(bench, { redis }, spec) {
  const { runners, missing } = await startRunners(bench, redis, spec);
  const { task, callers, batch, concurrency, payload } = spec;
  const round = { callers, batch, concurrency, payload, count: bench.effort(spec.count, spec.count / 4) };
  const turn = ({ process }) => process.call(task, round);
  await inTurn(runners, 1, turn);
  const results = await inTurn(runners, bench.effort(15, 3), turn);
  for (const { process } of runners) await bench.end(process);
  const baseline = runners.find(({ contender }) => contender.role === 'baseline');
  const rows = runners.map((runner) => rowOf(runner, results.get(runner), results.get(baseline)));
  return { rows: [...rows, ...missing.map(notAvailable)], unit: '1/s' };
}

async function startRunners(bench, redis, { operation, id }) {
  const runners = [];
  const missing = [];
  for (const contender of bench.contenders) {
    const { process, operations } = await bench.start(contender, { redis, label: id });
    if (operations.includes(operation)) {
      runners.push({ contender, process });
    } else {
      if (contender.role !== 'baseline') missing.push(contender);
      await bench.end(process);
    }
  }
  return { runners, missing };
}

function rowOf({ contender }, rounds, baselineRounds) {
  const rate = summarise(rounds.map((round) => round.perSecond));
  const ratios = rounds.map((round, index) => round.perSecond / baselineRounds[index].perSecond);
  const toBaseline = summarise(ratios);
  const cpu = summarise(rounds.map((round) => round.cpuMicroseconds));
  return {
    contender,
    cells: [perSecond(rate), cpuTime(cpu.median), contender.role === 'baseline' ? '1 ×' : ratio(toBaseline)],
    measured: toBaseline.median,
    data: { perSecond: rate, ratio: toBaseline, cpuMicroseconds: cpu, rounds },
  };
}
