import { notAvailable } from './rounds.mjs';

const OPERATIONS = 100_000;

/** Measures how much heap a process holds, after garbage collection, once it has made many writes and reads. */
export function memory(spec) {
  return { ...spec, run: (bench, tools) => run(bench, tools, spec) };
}

async function run(bench, { redis }, { id, payload }) {
  const rows = [];
  const count = bench.effort(OPERATIONS, OPERATIONS / 10);
  for (const contender of bench.contenders) {
    const { process, operations } = await bench.start(contender, { redis, label: id });
    if (operations.includes('get')) {
      rows.push(rowOf(contender, await process.call('heapAfter', { payload, count })));
    } else if (contender.role !== 'baseline') rows.push(notAvailable(contender));
    await bench.end(process);
  }
  return { rows, unit: 'MB' };
}

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

function rowOf(contender, { before, after, rss }) {
  const grown = after - before;
  return {
    contender,
    cells: [`${megabytes(after)} of heap, ${megabytes(grown)} more than before`, `${megabytes(rss)} in all`],
    measured: grown / 1e6,
    data: { before, after, rss },
  };
}
