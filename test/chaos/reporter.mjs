/**
 * Writes what a run of the matrix has shown into docs/reliability.md, between the markers: a table for each group of
 * operations, a row for each fault. Only for a run in which every cell was tried and kept its promise.
 *
 * CHAOS_TABLE=write writes, CHAOS_TABLE=check fails if the page has another table.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';

const PAGE = 'docs/reliability.md';
const BETWEEN_MARKERS = /(<!-- chaos -->\n).*?(<!-- \/chaos -->)/s;
const TITLES = {
  cache: 'The cache',
  computing: 'Computed values',
  queue: 'The queue',
  pool: 'The worker pool',
  service: 'A Nest application',
  program: 'The process',
};

export default class ChaosReporter {
  #failure;

  async onRunComplete(_contexts, results) {
    const mode = process.env.CHAOS_TABLE;
    const tests = inOrder(results.testResults);
    const isWhole = tests.length > 0 && tests.every(({ status }) => status === 'passed');
    if (!mode || !isWhole) return;
    const page = readFileSync(PAGE, 'utf8');
    const tables = tablesOf(tests.map(cellOf));
    const written = page.replace(BETWEEN_MARKERS, (_, start, end) => `${start}\n${tables}\n\n${end}`);
    const formatted = await format(written, { ...(await resolveConfig(PAGE)), parser: 'markdown' });
    if (mode === 'write') writeFileSync(PAGE, formatted);
    else if (formatted !== page)
      this.#fail(`The tables of ${PAGE} differ from this run: run npm run test:chaos`);
  }

  #fail(message) {
    console.error(message);
    this.#failure = new Error(message);
  }

  getLastError() {
    return this.#failure;
  }
}

/** The order of the files, not the one in which their workers ended. */
function inOrder(files) {
  const sorted = files.toSorted((one, other) => one.testFilePath.localeCompare(other.testFilePath));
  return sorted.flatMap(({ testResults }) => testResults);
}

function cellOf({ ancestorTitles: [fault, group], title }) {
  const [operation, word] = title.split(': ');
  return { fault, group, operation, word };
}

function tablesOf(cells) {
  const groups = [...new Set(cells.map(({ group }) => group))];
  return groups.map((group) => `### ${TITLES[group]}\n\n${tableOf(cells, group)}`).join('\n\n');
}

function tableOf(all, group) {
  const cells = all.filter((cell) => cell.group === group);
  const operations = [...new Set(cells.map(({ operation }) => operation))];
  const faults = [...new Set(cells.map(({ fault }) => fault))];
  const wordOf = (fault, operation) =>
    cells.find((cell) => cell.fault === fault && cell.operation === operation)?.word ?? '—';
  const rows = faults.map((fault) => [fault].concat(operations.map((operation) => wordOf(fault, operation))));
  const lines = [['fault', ...operations], ['---', ...operations.map(() => '---')], ...rows];
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}
