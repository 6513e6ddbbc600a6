/** Writes docs/performance.md with its charts, and docs/comparison.md, from the results of a run. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PARTS } from '../scenarios/parts.mjs';
import { barChart } from './bar-chart.mjs';
import { writeComparisonPage } from './comparison-page.mjs';
import { table, writeMarkdown } from './markdown.mjs';
import { GOALS, LIMITS, SECTIONS } from './sections.mjs';

const DOCS = resolve(import.meta.dirname, '../../docs');

/**
 * @param {object} results what `writeResults` of ../lib/report.mjs has written
 * @throws {Error} a scenario of a section is not in the results
 */
async function writePerformancePage({ machine, scenarios }) {
  const byId = new Map(scenarios.map((scenario) => [scenario.id, scenario]));
  const missing = SECTIONS.flatMap((section) => section.scenarios).filter((id) => !byId.has(id));
  if (missing.length > 0) throw new Error(`The page needs a whole run; missing: ${missing.join(', ')}`);
  const parts = partsOf(byId.get('parts'));
  const sections = SECTIONS.map((section) => sectionText(section, byId, parts));
  const text = [introduction(machine, parts), ...sections].join('\n\n');
  await writeMarkdown(join(DOCS, 'performance.md'), text);
  for (const section of SECTIONS.filter(({ file }) => file)) {
    writeFileSync(join(DOCS, section.file), barChart(chartOf(section, byId)));
  }
}

/** Writes both pages from a file of results. */
export async function writePagesFrom(file) {
  const results = JSON.parse(readFileSync(file, 'utf8'));
  await writePerformancePage(results);
  await writeComparisonPage(DOCS, results);
}

function partsOf({ contenders }) {
  return new Map(contenders.map(({ data }) => [data.part, data.microseconds.median]));
}

function introduction(machine, parts) {
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  const rows = [...parts].map(([name, cost]) => [PARTS[name], microseconds(cost)]);
  return [
    '# Performance',
    `All figures of one run, each contender in a process of its own, in turns: a ratio compares two turns of the same round.
Median, and in parentheses the quartiles. How it is measured: [bench](../bench/README.md).`,
    `${machine.cores} cores (${machine.processor}), Node ${machine.node}, Redis ${machine.redis}, load ${machine.loadAtStart.toFixed(1)} at
the start, ${machine.at.slice(0, 10)}. ${versions.join(', ')}.`,
    `## What a call cannot avoid`,
    `The column "unavoidable" says how much of a call these parts take: of its duration for a single caller, of its processor
time for many.`,
    table(['part', 'takes'], rows),
  ].join('\n\n');
}

function sectionText({ title, intro, file, scenarios }, byId, parts) {
  const chart = file ? [`![${title}](${file})`] : [];
  const tables = scenarios.map((id) => scenarioText(byId.get(id), parts));
  return [`## ${title}`, ...(intro ? [intro] : []), ...chart, ...tables].join('\n\n');
}

function scenarioText({ id, title, contenders, verdict }, parts) {
  const measured = contenders.filter(({ data }) => data !== null);
  const columns = Math.max(...measured.map(({ text }) => text.length));
  const limit = LIMITS[id];
  const rows = measured.map(({ name, role, text, data }) =>
    [role === 'subject' ? `**${name}**` : name].concat(
      text,
      Array.from({ length: columns - text.length }, () => ''),
      limit ? unavoidable(limit, data, parts) : [],
    ),
  );
  const head = ['', ...Array.from({ length: columns }, () => ''), ...(limit ? ['unavoidable'] : [])];
  const check = verdict ? `\n\nLimit of \`--check\`: ${verdict.limit}.` : '';
  return `### ${title}\n\n${table(head, rows)}${check}${goalText(id, measured)}`;
}

function goalText(id, measured) {
  const goal = GOALS[id];
  if (goal === undefined) return '';
  const { data } = measured.find(({ role }) => role === 'subject');
  if (goal.milliseconds !== undefined) {
    return goalLine(`at most ${goal.milliseconds} ms`, data.took.median <= goal.milliseconds, goal.why);
  }
  return goalLine(`at least ${goal.ratio} ×`, data.ratio.median >= goal.ratio, goal.why);
}

function goalLine(text, isReached, why) {
  return `\n\nGoal: ${text}, ${isReached ? 'reached.' : `not reached. ${why}`}`;
}

function unavoidable({ parts: names, of }, data, parts) {
  const total = of === 'cpu' ? data.cpuMicroseconds.median : 1e6 / data.perSecond.median;
  const needed = names.reduce((sum, name) => sum + parts.get(name), 0);
  return `${microseconds(needed)} of ${microseconds(total)}`;
}

function chartOf({ title, scenarios }, byId) {
  const groups = scenarios
    .map((id) => byId.get(id))
    .map((scenario) => ({ title: scenario.title, bars: scenario.contenders.flatMap(barsOf) }))
    .filter(({ bars }) => bars.length > 0);
  return { title, groups };
}

function barsOf({ name, role, data }) {
  const value = data?.ratio?.median;
  return value === undefined ? [] : [{ name, role, value, label: `${value.toFixed(2)} ×` }];
}

function microseconds(value) {
  return `${value >= 100 ? value.toFixed(0) : value.toPrecision(2)} µs`;
}
