/**
 * Packs the libraries as they are published, installs them into real applications in a temporary folder, and builds, starts
 * and tests these: `npm run test:consumers`. The applications are in consumers.mjs. Names of some as arguments run only
 * these, and `packages` the checks of the tarballs; `--keep` leaves the folder; `--write` writes docs/compatibility.md.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CONSUMERS } from './consumers.mjs';
import { install, installNodes, installTools, packLibraries, readManifest } from './lib/install.mjs';
import { checkPackages } from './lib/package-checks.mjs';
import { killAll } from './lib/servers.mjs';
import { STEPS } from './lib/steps.mjs';
import { writeTable } from './lib/table.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { keep: { type: 'boolean' }, write: { type: 'boolean' } },
});
const root = mkdtempSync(join(tmpdir(), 'consumers-'));
const rows = [];
const counts = { passed: 0, failed: 0 };

const { tarballs } = await required('pack', () => packLibraries(join(root, 'tarballs')));
const tools = await required('tools: install', () => installTools(root));
const consumers = CONSUMERS.filter(({ name }) => isWanted(name));
const nodes =
  consumers.length === 0 ? {} : await required('versions of Node: install', () => installNodes(root));
if (consumers.length > 0 && Object.keys(nodes).length === 0)
  console.log(`No other versions of Node for ${process.platform} on ${process.arch}: not tested.`);
if (isWanted('packages')) await timed('publint, attw, knip', () => checkPackages(tarballs, tools));
for (const consumer of consumers) await check(consumer);
if (values.write && counts.failed === 0) await writeTable(rows, nodes);
if (values.keep) console.log(root);
else rmSync(root, { recursive: true });
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 ? 1 : 0;

function isWanted(name) {
  return positionals.length === 0 || positionals.includes(name);
}

async function check(consumer) {
  const folder = await timed(`${consumer.name}: install`, () => install(consumer, tarballs, root));
  if (!folder) return;
  const isModule = readManifest(folder).type === 'module';
  const versions = versionsOf(folder, consumer.packages);
  for (const step of consumer.steps) {
    await timed(`${consumer.name}: ${step}`, () => STEPS[step]({ folder, isModule, tools, nodes, versions }));
  }
  rows.push({ ...consumer, versions });
}

/** The steps that follow need the result of this one. */
async function required(name, action) {
  const result = await timed(name, action);
  if (result === undefined) process.exit(1);
  return result;
}

/** A failure does not end the run, so that one run shows all of them. */
async function timed(name, action) {
  const start = performance.now();
  try {
    const result = await action();
    counts.passed += 1;
    console.log(`ok      ${seconds(start)} ${name}`);
    return result;
  } catch (error) {
    counts.failed += 1;
    console.log(`FAILED  ${seconds(start)} ${name}\n${error.message}`);
    await killAll();
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
