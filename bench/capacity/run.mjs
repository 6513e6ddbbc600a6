/** Writes the tables and the chart of docs/capacity.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { comparisonTable } from './comparison.mjs';
import { capacityFigures } from './page.mjs';

const DOCS = resolve(import.meta.dirname, '../../docs');
const PAGE = resolve(DOCS, 'capacity.md');

function replaced(text, name, content) {
  const section = new RegExp(`(<!-- ${name} -->)[^]*(<!-- /${name} -->)`);
  if (!section.test(text)) throw new Error(`docs/capacity.md has no section <!-- ${name} -->`);
  return text.replace(section, (_all, start, end) => `${start}\n\n${content}\n\n${end}`);
}

const { markdown, chart } = capacityFigures();
const simulated = replaced(readFileSync(PAGE, 'utf8'), 'simulated', markdown);
const text = replaced(simulated, 'measured', await comparisonTable());
writeFileSync(PAGE, await format(text, { ...(await resolveConfig(PAGE)), filepath: PAGE }));
writeFileSync(resolve(DOCS, 'capacity.svg'), chart);
