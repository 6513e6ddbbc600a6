import { milliseconds } from '../lib/format.mjs';
import { summarise } from '../lib/statistics.mjs';
import { inTurn } from './rounds.mjs';

/** Measures how long a new process takes to import a library and to connect it to Redis. */
export function startUp(spec) {
  return { ...spec, run: (bench, tools) => run(bench, tools, spec) };
}

async function run(bench, { redis }, { id }) {
  const contenders = bench.contenders.filter(({ name }) => name !== 'lru-cache' && name !== 'bullmq');
  const turn = async (contender) => {
    const { process, setupMs } = await bench.start(contender, { redis, label: id });
    await bench.end(process);
    return setupMs;
  };
  await inTurn(contenders, 1, turn);
  const results = await inTurn(contenders, bench.effort(15, 3), turn);
  const rows = contenders.map((contender) => {
    const took = summarise(results.get(contender));
    return { contender, cells: [milliseconds(took)], measured: took.median, data: { took } };
  });
  return { rows, unit: 'ms' };
}
