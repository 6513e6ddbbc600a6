import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { limitText } from './limits.mjs';

export function printMachine({ cores, processor, node, redis, loadAtStart, versions }) {
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  console.log(`${cores} cores (${processor}), Node ${node}, Redis ${redis}, load ${loadAtStart.toFixed(1)}`);
  console.log(`${names.join(', ')}; median (quartiles) of the rounds, ratios within a round`);
  if (loadAtStart > cores / 2) console.log('The machine is busy: numbers will vary, rates more than ratios.');
}

export function printScenario({ title }, rows, verdict) {
  console.log(`\n${title}`);
  const table = rows.map(({ contender, cells }) => [contender.name, ...cells]);
  const widths = columnWidths(table.filter((cells) => cells.length > 2));
  for (const [index, cells] of table.entries()) {
    const judged = rows[index].contender.role === 'subject' && verdict ? [verdictText(verdict)] : [];
    const texts = [...cells, ...judged].map((text, column) => text.padEnd(widths[column] ?? 0));
    console.log(`  ${texts.join('  ')}`.trimEnd());
  }
}

function columnWidths(table) {
  const columns = Math.max(0, ...table.map((cells) => cells.length));
  return Array.from({ length: columns }, (_, column) =>
    Math.max(...table.map((cells) => cells[column]?.length ?? 0)),
  );
}

function verdictText({ limit, reached }) {
  return `limit ${limit}: ${reached ? 'reached' : 'NOT REACHED'}`;
}

export function printList(scenarios) {
  const width = Math.max(...scenarios.map(({ id }) => id.length));
  for (const scenario of scenarios) {
    console.log(`${scenario.id.padEnd(width)}  ${scenario.title}  ${limitText(scenario) ?? ''}`.trimEnd());
  }
}

/** Prints the missed limits, for `--check`. */
export function printFailures(results) {
  const failed = results.filter(({ verdict }) => verdict && !verdict.reached);
  for (const { id, verdict } of failed) {
    const measured = verdict.measured === undefined ? 'nothing' : verdict.measured.toFixed(2);
    console.error(`\n${id}: measured ${measured}, the limit is ${verdict.limit}`);
  }
  return failed.length;
}

export function writeResults(file, machine, results) {
  mkdirSync(dirname(file), { recursive: true });
  const scenarios = results.map(({ rows, ...scenario }) => ({
    ...scenario,
    contenders: rows.map(({ contender, cells, data }) => ({
      name: contender.name,
      role: contender.role,
      text: cells,
      data,
    })),
  }));
  writeFileSync(file, `${JSON.stringify({ machine, scenarios }, null, 2)}\n`);
}
