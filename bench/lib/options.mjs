import { parseArgs } from 'node:util';

export const USAGE = `Usage: npm run bench -- [options]
  --check          exit 1 when a limit is not reached
  --quick          a fast look, less exact
  --only <text>    only scenarios whose name contains the text; may be given several times
  --peers          also measures other libraries; needs npm --prefix bench ci --ignore-scripts
  --list           names the scenarios and their limits
  --profile <dir>  writes a CPU profile of each contender's process there
  --page           writes docs/performance.md, its charts and docs/comparison.md from a run of all scenarios
  --json <file>    where the results go (default: bench/results/latest.json)
BENCH_OTHER_BUILDS=name=path/to/dist/core.js,… adds builds of the library as contenders.`;

/** @throws {TypeError} an option that does not exist */
export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      check: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      peers: { type: 'boolean', default: false },
      page: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      profile: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  return values;
}
