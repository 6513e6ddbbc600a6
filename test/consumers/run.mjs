/**
 * Packs the libraries as they are published, installs them into real applications in a temporary folder, and builds, starts
 * and tests these: `npm run test:consumers`. The applications are in consumers.mjs. Names of some as arguments run only
 * these; `--keep` leaves the folder; `--write` writes docs/compatibility.md.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CONSUMERS } from './consumers.mjs';
import { install, installTools, packLibraries, readManifest } from './lib/install.mjs';
import { checkPackages } from './lib/package-checks.mjs';
import { STEPS } from './lib/steps.mjs';
import { writeTable } from './lib/table.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { keep: { type: 'boolean' }, write: { type: 'boolean' } },
});
const root = mkdtempSync(join(tmpdir(), 'consumers-'));
const rows = [];
let failures = 0;

const { tarballs } = await timed('pack', () => packLibraries(join(root, 'tarballs')));
const tools = await timed('tools: install', () => installTools(root));
if (positionals.length === 0) await timed('publint, attw, knip', () => checkPackages(tarballs, tools));
for (const consumer of CONSUMERS) {
  if (positionals.length === 0 || positionals.includes(consumer.name)) await check(consumer);
}
if (values.write && failures === 0) await writeTable(rows);
if (!values.keep) rmSync(root, { recursive: true });
else console.log(root);
process.exitCode = failures > 0 ? 1 : 0;

async function check(consumer) {
  const folder = await timed(`${consumer.name}: install`, () => install(consumer, tarballs, root));
  if (!folder) return;
  const isModule = readManifest(folder).type === 'module';
  const versions = versionsOf(folder, consumer.packages);
  for (const step of consumer.steps) {
    await timed(`${consumer.name}: ${step}`, () => STEPS[step]({ folder, isModule, tools, versions }));
  }
  rows.push({ ...consumer, versions });
}

/** A failure does not end the run, so that one run shows all of them. */
async function timed(name, action) {
  const start = performance.now();
  try {
    const result = await action();
    console.log(`ok      ${seconds(start)} ${name}`);
    return result;
  } catch (error) {
    failures += 1;
    console.log(`FAILED  ${seconds(start)} ${name}\n${error.message}`);
    return undefined;
  }
}

function seconds(start) {
  return `${((performance.now() - start) / 1_000).toFixed(1)} s`.padStart(7);
}

function versionsOf(folder, packages) {
  const names = ['@nestjs/core', ...Object.keys(packages)];
  return Object.fromEntries(
    names.map((name) => [name, readManifest(join(folder, 'node_modules', name))?.version]),
  );
}
