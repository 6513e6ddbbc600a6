/** Writes docs/comparison.md: the measured rows of a run, one column for each library. */
import { join } from 'node:path';
import { table, writeMarkdown } from './markdown.mjs';

const ratio = ({ ratio: { median } }) => `${median.toFixed(2)} ×`;
const factoryCalls = ({ calls }) => String(calls.median);
const settled = ({ answered, of }) => `${answered} of ${of}`;
const values = ({ values: count, of }) => `${count} of ${of}`;
const slowest = ({ durations }) => (durations.length === 0 ? '' : `${Math.max(...durations).toFixed(0)} ms`);
const recovery = ({ backMs }) => (backMs === null ? 'not within 5 s' : `${backMs.toFixed(0)} ms`);
const grown = ({ before, after }) => `${(Math.max(0, after - before) / 1e6).toFixed(1)} MB`;
const took = ({ took: { median } }) => `${median.toFixed(0)} ms`;

const ROWS = [
  { text: 'hit, 2 KB, 1 caller', id: 'redis-get-2k-alone', cell: ratio },
  { text: 'hit, 2 KB, 64 callers', id: 'redis-get-2k', cell: ratio },
  { text: 'hit, 64 KB, 64 callers', id: 'redis-get-64k', cell: ratio },
  { text: 'get-or-set hit, 2 KB, 64 callers', id: 'redis-get-or-set-2k', cell: ratio },
  { text: 'get-or-set hit, 64 KB, 64 callers', id: 'redis-get-or-set-64k', cell: ratio },
  { text: 'set, 2 KB, 1 caller', id: 'set-2k-alone', cell: ratio },
  { text: 'set, 2 KB, 64 callers', id: 'set-2k', cell: ratio },
  { text: 'hit in the process', id: 'near-get', cell: ratio },
  { text: 'factory calls for 1,000 callers in 4 processes', id: 'stampede', cell: factoryCalls },
  { text: 'factory calls for 1,000 callers in 1 process', id: 'stampede-one-process', cell: factoryCalls },
  { text: 'Redis frozen: reads that returned within 3 s', id: 'frozen-redis', cell: settled },
  { text: 'Redis frozen: the slowest of them', id: 'frozen-redis', cell: slowest },
  { text: 'Redis frozen: get-or-set calls with a value', id: 'frozen-redis-get-or-set', cell: values },
  { text: 'first hit after the freeze', id: 'frozen-redis', cell: recovery },
  { text: 'heap that 100,000 operations leave', id: 'memory', cell: grown },
  { text: 'import and connect', id: 'start-up', cell: took },
];

const INTRODUCTION = `Only what one run of [the project's bench](../bench/README.md) has measured, each library set up as its
documentation shows, with its defaults otherwise. "×" is the rate divided by that of hand-written code on ioredis in the same
round (in the process: by that of an awaited \`get\` of lru-cache), so more is better. An empty cell means that the library has no such
operation.`;

const REST = `## What the rows do not say

- A library that returns stored objects by reference is faster in the process than one that protects them from changes.
- A freeze is the hardest outage, because no connection is closed. The others were not measured with other
  settings than their defaults, such as a command timeout or a grace period.
- \`redis\` and \`@valkey/valkey-glide\` are clients with a few lines of code for JSON and get-or-set, to show what the
  wire costs.

Operation by operation: [coming from another cache](migrating.md) lists the operations of \`@nestjs/cache-manager\` and their
counterparts. All scenarios with quartiles: [performance](performance.md).`;

/** @param {object} results what `writeResults` of ../lib/report.mjs has written, of a run with `--peers` */
export async function writeComparisonPage(docs, { machine, scenarios }) {
  const byId = new Map(scenarios.map((scenario) => [scenario.id, scenario]));
  const names = byId
    .get('start-up')
    .contenders.filter(({ role }) => role !== 'baseline')
    .map(({ name }) => name);
  const rows = ROWS.map(({ text, id, cell }) => {
    const dataOf = new Map(byId.get(id).contenders.map(({ name, data }) => [name, data]));
    const cellOf = (data) => (data ? cell(data) : '');
    return [text].concat(names.map((name) => cellOf(dataOf.get(name))));
  });
  const head = ['', ...names.map((name) => `${name} ${machine.versions[name]}`)];
  const when = `${machine.at.slice(0, 10)}, ${machine.cores} cores, Node ${machine.node}, Redis ${machine.redis}, load ${machine.loadAtStart.toFixed(1)} at the start.`;
  const text = ['# Comparison with other libraries', INTRODUCTION, when, table(head, rows), REST].join(
    '\n\n',
  );
  await writeMarkdown(join(docs, 'comparison.md'), text);
}
