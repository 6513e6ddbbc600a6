/** Writes the tables and the chart of docs/capacity.md; arguments name the measurements to repeat, by default all. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { busyTable, slowTable } from './comparison.mjs';
import { effectsTable, queueTable } from './effects.mjs';
import { memoryTable } from './memory.mjs';
import { capacityFigures } from './page.mjs';

const DOCS = resolve(import.meta.dirname, '../../docs');
const PAGE = resolve(DOCS, 'capacity.md');

function replaced(text, name, content) {
  const section = new RegExp(`(<!-- ${name} -->)[^]*(<!-- /${name} -->)`);
  if (!section.test(text)) throw new Error(`docs/capacity.md has no section <!-- ${name} -->`);
  return text.replace(section, (_all, start, end) => `${start}\n\n${content}\n\n${end}`);
}

const { chart, ...simulated } = capacityFigures();
const measured = {
  busy: busyTable,
  slow: slowTable,
  memory: memoryTable,
  effects: effectsTable,
  queue: queueTable,
};
const wanted = process.argv.slice(2);
let text = readFileSync(PAGE, 'utf8');
for (const [name, content] of Object.entries(simulated)) text = replaced(text, name, content);
for (const [name, measure] of Object.entries(measured)) {
  if (wanted.length === 0 || wanted.includes(name)) text = replaced(text, name, await measure());
}
writeFileSync(PAGE, await format(text, { ...(await resolveConfig(PAGE)), filepath: PAGE }));
writeFileSync(resolve(DOCS, 'capacity.svg'), chart);
