/**
 * Runs the matrix of faults and operations.
 *
 *   npm run test:chaos                    all of it; writes the table of docs/reliability.md
 *   npm run test:chaos -- --check         all of it; fails if the table is another
 *   npm run test:chaos -- -t frozen       some faults or cells, by jest's options; leaves the table alone
 */
import { spawnSync } from 'node:child_process';

const own = process.argv.slice(2);
const options = own.filter((option) => option !== '--check');
const table = own.includes('--check') ? 'check' : 'write';

const { status } = spawnSync(
  'npm',
  ['run', '-s', 'jest', '--', '--config', 'test/chaos/jest.config.js', ...options],
  {
    stdio: 'inherit',
    env: { ...process.env, CHAOS_TABLE: options.length === 0 ? table : '' },
  },
);
process.exitCode = status ?? 1;
