/**
 * Runs a test for longer than `npm test` does: `node test/long-run.mjs <soak|model|fuzz> [options]`. Without `--seed` it
 * draws one, and says which. Exits with the status of jest.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

const number = { type: 'string' };
const RUNS = {
  soak: {
    projects: ['long'],
    pattern: 'test/soak',
    options: { minutes: number, seed: number, folder: { type: 'string' } },
  },
  model: {
    projects: ['int'],
    pattern: 'test/model|queue-model|stream-model',
    options: { seeds: number, seed: number },
  },
  fuzz: {
    projects: ['int', 'e2e'],
    pattern: 'test/fuzz|test/heartbeat/fuzz',
    options: { minutes: number, seed: number },
  },
};

const [name, ...args] = process.argv.slice(2);
const run = RUNS[name];
if (run === undefined) throw new Error(`Choose one of ${Object.keys(RUNS).join(', ')}`);
const { values } = parseArgs({ args, options: run.options });
const options = { seed: randomInt(2 ** 31) };
for (const [option, value] of Object.entries(values)) {
  options[option] = option === 'folder' ? value : Number(value);
  if (Number.isNaN(options[option])) throw new Error(`--${option} must be a number, not ${value}`);
}
process.stdout.write(`${name} with ${JSON.stringify(options)}\n`);
const jest = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
];
const chosen = ['--selectProjects', ...run.projects, '--testPathPatterns', run.pattern, '--maxWorkers=1'];
const { status } = spawnSync(process.execPath, [...jest, ...chosen], {
  stdio: 'inherit',
  env: { ...process.env, LONG_RUN: JSON.stringify(options) },
});
process.exit(status ?? 1);
