import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';

const PAGE = join(resolve(import.meta.dirname, '../../..'), 'docs/compatibility.md');
const TABLE = /(<!-- consumers -->\n).*?(<!-- \/consumers -->)/s;
const COLUMNS = {
  Nest: '@nestjs/core',
  config: '@nestjs/config',
  Terminus: '@nestjs/terminus',
  ioredis: 'ioredis',
  BullMQ: 'bullmq',
};
const STEPS = {
  types: 'type check',
  unit: 'unit tests',
  e2e: 'e2e tests',
  build: 'tsc',
  swc: 'SWC',
  webpack: 'webpack',
  start: 'start, outage, health',
  fastify: 'the same on Fastify',
  pool: 'pool on BullMQ',
  sameClasses: '`import` and `require` yield the same classes',
  bare: 'type check, start',
};

/** Writes what this run has shown into docs/compatibility.md. */
export async function writeTable(rows) {
  const head = ['application', ...Object.keys(COLUMNS), 'what ran'];
  const lines = [head, head.map(() => '---'), ...rows.map(cellsOf)].map(
    (cells) => `| ${cells.join(' | ')} |`,
  );
  const where = `Run with Node ${process.versions.node}, all type checks with \`skipLibCheck: false\`:`;
  const text = readFileSync(PAGE, 'utf8').replace(TABLE, `$1\n${where}\n\n${lines.join('\n')}\n\n$2`);
  writeFileSync(PAGE, await format(text, { ...(await resolveConfig(PAGE)), parser: 'markdown' }));
}

function cellsOf({ title, versions, steps }) {
  const ran = [...new Set(steps.map((step) => STEPS[step]).filter(Boolean))];
  return [title, ...Object.values(COLUMNS).map((name) => versions[name] ?? '–'), ran.join(', ')];
}
