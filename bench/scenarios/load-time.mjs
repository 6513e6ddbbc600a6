import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundleCode } from '../../scripts/package/bundle-code.mjs';
import { milliseconds } from '../lib/format.mjs';
import { quantile, summarise } from '../lib/statistics.mjs';
import { inTurn } from './rounds.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
const LIBRARY = join(ROOT, 'libs/redis-cache');
const NEST = '@nestjs/core';
/** Imports what is first, then measures the import of the other module in the same process. */
const PROGRAM = `
  const [first, module] = process.argv.slice(1);
  if (first) await import(first);
  const start = performance.now();
  await import(module);
  console.log(performance.now() - start);
  process.exit();
`;

/**
 * Measures what importing the library as it is published costs after Nest has loaded, against importing Nest. Each import is
 * one in a new process.
 */
export function loadTime(spec) {
  return { ...spec, run: (bench) => run(bench) };
}

async function run(bench) {
  const folder = temporaryFolder();
  try {
    const manifest = JSON.parse(readFileSync(join(LIBRARY, 'package.json'), 'utf8'));
    await bundleCode(LIBRARY, manifest, folder);
    const library = pathToFileURL(join(folder, 'index.js')).href;
    const imports = { nest: ['', NEST], ioredis: [NEST, 'ioredis'], library: [NEST, library] };
    const results = await inTurn(Object.keys(imports), bench.effort(20, 5), (name) =>
      importTime(imports[name]),
    );
    return { rows: rowsOf(bench, results), unit: 'ms' };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Within the workspace, so that the bundle finds its packages. */
function temporaryFolder() {
  const parent = join(ROOT, 'node_modules/.cache');
  mkdirSync(parent, { recursive: true });
  return mkdtempSync(join(parent, 'bench-'));
}

function importTime(modules) {
  const args = ['--input-type=module', '-e', PROGRAM, ...modules];
  return Number(execFileSync(process.execPath, args, { cwd: LIBRARY, encoding: 'utf8' }));
}

function rowsOf(bench, results) {
  const contender = bench.contenders.find(({ role }) => role === 'subject');
  const nest = results.get('nest');
  const ratioOf = (times) =>
    quantile(
      times.map((time, round) => time / nest[round]),
      0.5,
    );
  const row = (by, times) => ({
    contender: by,
    cells: [milliseconds(summarise(times)), `${ratioOf(times).toFixed(2)} × of ${NEST}`],
    measured: ratioOf(times),
    data: { times },
  });
  return [
    row({ name: NEST, role: 'baseline' }, nest),
    row({ name: 'ioredis, which the library imports', role: 'peer' }, results.get('ioredis')),
    row(contender, results.get('library')),
  ];
}
