import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { COMPILED } from './type-versions.mjs';

const PAGE = join(resolve(import.meta.dirname, '../../..'), 'docs/compatibility.md');
const COLUMNS = {
  Nest: '@nestjs/core',
  config: '@nestjs/config',
  Terminus: '@nestjs/terminus',
  ioredis: 'ioredis',
  BullMQ: 'bullmq',
  'Nest cache-manager': '@nestjs/cache-manager',
  'cache-manager': 'cache-manager',
  Keyv: 'keyv',
  throttler: '@nestjs/throttler',
  OpenTelemetry: '@opentelemetry/api',
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
  nodes: 'start, outage, health, `import` and `require` on every version of Node',
  bare: 'type check, start',
  keyvTests: 'these tests',
};

/** Writes what this run has shown into docs/compatibility.md. */
export async function writeTable(rows, nodes) {
  const head = ['application', ...Object.keys(COLUMNS), 'what ran'];
  const versions = new Intl.ListFormat('en').format(Object.keys(nodes));
  const others = versions && `, and started with Node ${versions} where the table says so`;
  const where = `Run with Node ${process.versions.node}${others}. All type checks have \`skipLibCheck: false\`:`;
  const text = [
    ['consumers', `${where}\n\n${table(head, rows.map(cellsOf))}`],
    ['types', typeTable()],
  ].reduce(replacePart, readFileSync(PAGE, 'utf8'));
  writeFileSync(PAGE, await format(text, { ...(await resolveConfig(PAGE)), parser: 'markdown' }));
}

function replacePart(text, [name, content]) {
  const part = new RegExp(`(<!-- ${name} -->\n).*?(<!-- /${name} -->)`, 's');
  return text.replace(part, (_, start, end) => `${start}\n${content}\n\n${end}`);
}

const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const modesOf = (modes) => modes.map((mode) => `\`${mode}\``).join(', ');

function typeTable() {
  const { commonjs, module } = COMPILED;
  const head = ['TypeScript', '`moduleResolution`, CommonJS', '`moduleResolution`, ESM'];
  const versions = Object.keys(commonjs).toSorted();
  return table(
    head,
    versions.map((version) => [version, modesOf(commonjs[version]), modesOf(module[version])]),
  );
}

function cellsOf({ title, versions, steps }) {
  const ran = [...new Set(steps.map((step) => STEPS[step]).filter(Boolean))];
  return [title, ...Object.values(COLUMNS).map((name) => versions[name] ?? '–'), ran.join('; ')];
}
