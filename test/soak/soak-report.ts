import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import type { JudgedSeries } from './soak-series.js';

export interface SoakFacts {
  minutes: number;
  seed: number;
  redisVersion: string;
  series: readonly JudgedSeries[];
  /** How often each fault happened. */
  faults: Readonly<Record<string, number>>;
  /** Operations of each kind of traffic. */
  operations: Readonly<Record<string, number>>;
  /** Redis keys by kind: first sample, middle, last. */
  kinds: readonly Readonly<Record<string, number>>[];
  /** What must not happen, and did. */
  findings: readonly string[];
}

const COLUMNS = 3;
const WIDTH = 320;
const HEIGHT = 120;
const PAD = 12;
const TITLE = 30;

/** Writes `report.md` and `plots.svg` into the folder. */
export async function writeReport(folder: string, facts: SoakFacts): Promise<void> {
  await mkdir(folder, { recursive: true });
  await Promise.all([
    writeFile(join(folder, 'report.md'), toMarkdown(facts)),
    writeFile(join(folder, 'plots.svg'), toSvg(facts.series)),
  ]);
}

function toMarkdown(facts: SoakFacts): string {
  const grown = facts.series.filter(({ verdict }) => !verdict.isFlat);
  return [
    '# Soak',
    '',
    `${facts.minutes} minutes, seed ${facts.seed}; Node ${process.version}, Redis ${facts.redisVersion}, ${availableParallelism()} × ${cpus()[0]?.model ?? 'CPU'}.`,
    '',
    `Result: ${grown.length === 0 ? 'every series is flat' : `${grown.length} series grow`}; ${facts.findings.length} findings.`,
    '',
    ...facts.findings.map((finding) => `- ${finding}`),
    '',
    '![Plots of all series](plots.svg)',
    '',
    '## Series',
    '',
    'Growth is that of the second half, by the median of all slopes. A series fails if the growth that is certain by the',
    '95 % confidence interval exceeds what is allowed.',
    '',
    ...table(
      ['process', 'series', 'start', 'median', 'end', 'growth', 'certain', 'allowed', ''],
      facts.series.map(({ subject, name, points, verdict }) => [
        subject,
        name,
        ...[points[0]!.value, verdict.median, points.at(-1)!.value, verdict.growth].map(inUnits),
        ...[verdict.certainGrowth, verdict.allowed].map(inUnits),
        verdict.isFlat ? 'flat' : 'GROWS',
      ]),
    ),
    '',
    '## Keys in Redis',
    '',
    ...table(['kind', 'first', 'middle', 'last'], rowsOfKinds(facts.kinds)),
    '',
    '## Traffic and faults',
    '',
    ...table(
      ['', 'count'],
      [...Object.entries(facts.operations), ...Object.entries(facts.faults)].map(toRow),
    ),
    '',
  ].join('\n');
}

function toRow([name, count]: [string, number]): string[] {
  return [name, String(count)];
}

function rowsOfKinds(kinds: SoakFacts['kinds']): string[][] {
  const names = new Set(kinds.flatMap((sample) => Object.keys(sample)));
  return [...names]
    .toSorted()
    .map((name) => [`\`${name}\``].concat(kinds.map((sample) => String(sample[name] ?? 0))));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`);
}

function inUnits(value: number): string {
  return Math.abs(value) >= 100_000
    ? `${(value / (1024 * 1024)).toFixed(2)} MB`
    : String(Math.round(value * 10) / 10);
}

/** One small plot for each series. */
export function toSvg(series: readonly JudgedSeries[]): string {
  const rows = Math.ceil(series.length / COLUMNS);
  const plots = series.map((one, index) => {
    const x = (index % COLUMNS) * WIDTH;
    const y = Math.floor(index / COLUMNS) * HEIGHT;
    return `<g transform="translate(${x},${y})">${plotOf(one)}</g>`;
  });
  const size = `width="${COLUMNS * WIDTH}" height="${rows * HEIGHT}"`;
  const style = 'font-family="sans-serif" font-size="11"';
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${style}><rect width="100%" height="100%" fill="#fff"/>\n${plots.join('\n')}\n</svg>\n`;
}

function plotOf({ subject, name, points, verdict }: JudgedSeries): string {
  const values = points.map(({ value }) => value);
  const top = Math.max(...values) * 1.05 || 1;
  const end = points.at(-1)!.minute || 1;
  const innerWidth = WIDTH - 2 * PAD;
  const innerHeight = HEIGHT - TITLE - PAD;
  const x = (minute: number): string => (PAD + (minute / end) * innerWidth).toFixed(1);
  const y = (value: number): string => (TITLE + innerHeight * (1 - value / top)).toFixed(1);
  const line = points.map(({ minute, value }) => `${x(minute)},${y(value)}`).join(' ');
  const judgedFrom = x(points[Math.floor(points.length / 2)]!.minute);
  const color = verdict.isFlat ? '#2563a8' : '#c0262d';
  return [
    `<text x="${PAD}" y="14">${subject}: ${name}</text>`,
    `<text x="${PAD}" y="26" fill="#666">0 to ${inUnits(top)}, ${end.toFixed(0)} min; median ${inUnits(verdict.median)}</text>`,
    `<line x1="${judgedFrom}" x2="${judgedFrom}" y1="${TITLE}" y2="${HEIGHT - PAD}" stroke="#ccc" stroke-dasharray="3"/>`,
    `<line x1="${PAD}" x2="${WIDTH - PAD}" y1="${HEIGHT - PAD}" y2="${HEIGHT - PAD}" stroke="#999"/>`,
    `<polyline points="${line}" fill="none" stroke="${color}" stroke-width="1.5"/>`,
  ].join('');
}
