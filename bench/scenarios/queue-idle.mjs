import { milliseconds } from '../lib/format.mjs';
import { summarise } from '../lib/statistics.mjs';
import { inTurn, notAvailable } from './rounds.mjs';

/** Measures how long a request takes from the call that queues it to its handler, in an idle system. */
export function queueIdle(spec) {
  return { ...spec, run: (bench, tools) => run(bench, tools, spec) };
}

async function run(bench, { redis }, { id, payload }) {
  const runners = [];
  const missing = [];
  for (const contender of bench.contenders) {
    const { process, operations } = await bench.start(contender, { redis, label: id });
    if (operations.includes('work') || operations.includes('watch')) runners.push({ contender, process });
    else {
      if (contender.role === 'subject') missing.push(contender);
      await bench.end(process);
    }
  }
  const turn = ({ process }) => process.call('idleRound', { payload, count: 20 });
  await inTurn(runners, 1, turn);
  const results = await inTurn(runners, bench.effort(10, 3), turn);
  for (const { process } of runners) await bench.end(process);
  const rows = runners.map((runner) => rowOf(runner.contender, results.get(runner).flat()));
  return { rows: [...rows, ...missing.map(notAvailable)], unit: 'ms' };
}

function rowOf(contender, durations) {
  const took = summarise(durations);
  return { contender, cells: [milliseconds(took)], measured: took.median, data: { took } };
}
