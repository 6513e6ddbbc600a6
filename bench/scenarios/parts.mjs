import { summarise } from '../lib/statistics.mjs';

/** What a part is called in tables. */
export const PARTS = {
  roundTrip: 'a PING and its reply over ioredis, one caller',
  script: 'a script that does nothing, with an argument of 2 KB, one caller',
  setAndPublish: '`SET` of 2 KB and `PUBLISH` in one write, one caller',
  parse2k: 'JSON.parse of 2 KB',
  parse64k: 'JSON.parse of 64 KB',
  stringify2k: 'JSON.stringify of 2 KB',
  stringify64k: 'JSON.stringify of 64 KB',
  promise: 'awaiting a settled promise',
  clock: 'reading the clock (`Date.now`)',
  lruGet: 'a `get` of lru-cache',
  turn: 'a turn of the event loop',
};

/**
 * Measures what the parts cost that no cache can do without, so that the page of results can say how much of a call is
 * unavoidable.
 */
export function parts(spec) {
  return { ...spec, run: (bench, tools) => run(bench, tools, spec) };
}

async function run(bench, { redis }, spec) {
  const contender = bench.contenders.find(({ name }) => name === 'ioredis');
  const { process } = await bench.start(contender, { redis, label: spec.id });
  const rounds = [];
  for (let round = 0; round < bench.effort(9, 3); round += 1) {
    rounds.push(await process.call('partCosts', { milliseconds: bench.effort(60, 20) }));
  }
  await bench.end(process);
  const microseconds = (name) => summarise(rounds.map((round) => round[name]));
  const rows = Object.entries(PARTS).map(([name, text]) => {
    const data = { microseconds: microseconds(name) };
    return {
      contender: { name: text, role: 'peer' },
      cells: [`${data.microseconds.median.toPrecision(3)} µs`],
      data: { part: name, ...data },
    };
  });
  return { rows, unit: 'µs' };
}
