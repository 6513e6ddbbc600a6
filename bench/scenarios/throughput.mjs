import { summarise } from '../lib/statistics.mjs';
import { cpuTime, perSecond, ratio } from '../lib/format.mjs';
import { inTurn, notAvailable } from './rounds.mjs';

/**
 * Measures how often per second a number of concurrent callers can run an operation.
 *
 * @param {object} spec
 * @param {string} spec.operation see contenders/contender.d.ts
 * @param {string} [spec.baselineOperation] the baseline's operation; the same by default
 * @param {import('../contenders/contender').Contender[]} [spec.contenders] default: those of the bench
 * @param {boolean} [spec.near] whether values are kept in the process
 * @param {number} [spec.floor] the least ratio to the baseline, for `--check`
 */
export function throughput(spec) {
  return { ...spec, run: (bench, tools) => run(bench, tools, spec) };
}

async function run(bench, { redis }, spec) {
  const { runners, missing } = await startRunners(bench, redis, spec);
  const rounds = bench.effort(spec.rounds ?? 25, 5);
  const milliseconds = bench.effort(200, 100);
  const work = { callers: spec.callers, batch: spec.near ? 1_000 : 1 };
  const baseline = runners.find(({ contender }) => contender.role === 'baseline');
  await inTurn(runners, 1, ({ process }) =>
    process.call('measure', { ...work, milliseconds: bench.effort(800, 300) }),
  );
  const results = await inTurn(runners, rounds, ({ process }) =>
    process.call('measure', { ...work, milliseconds }),
  );
  for (const { process } of runners) await bench.end(process);
  const rows = runners.map((runner) => rowOf(runner, results.get(runner), results.get(baseline)));
  return { rows: [...rows, ...missing.map(notAvailable)], unit: '1/s' };
}

async function startRunners(bench, redis, spec) {
  const runners = [];
  const missing = [];
  for (const contender of spec.contenders ?? bench.contenders) {
    const operation = (contender.role === 'baseline' && spec.baselineOperation) || spec.operation;
    const { process, operations } = await bench.start(contender, { redis, near: spec.near, label: spec.id });
    if (operations.includes(operation)) {
      await process.call('fill', { operation, payload: spec.payload, keys: spec.keys });
      runners.push({ contender, process });
    } else {
      if (contender.role !== 'baseline') missing.push(contender);
      await bench.end(process);
    }
  }
  return { runners, missing };
}

/** Compares each round with the baseline's turn of the same round, because load on the machine slows both. */
function rowOf({ contender }, rounds, baselineRounds) {
  const rates = rounds.map((round) => round.perSecond);
  const ratios = rates.map((rate, index) => rate / baselineRounds[index].perSecond);
  const rate = summarise(rates);
  const toBaseline = summarise(ratios);
  // On a busy machine the processor time of a call says more than its rate.
  const cpu = summarise(rounds.map((round) => round.cpuMicroseconds));
  return {
    contender,
    cells: [perSecond(rate), cpuTime(cpu.median), contender.role === 'baseline' ? '1 ×' : ratio(toBaseline)],
    measured: toBaseline.median,
    data: { perSecond: rate, ratio: toBaseline, cpuMicroseconds: cpu, rounds },
  };
}
