import { barChart } from '../page/bar-chart.mjs';
import { simulate } from './simulation.mjs';

/** Numbers of processes for which the page is written. */
const SIZES = [1, 10, 100, 1_000];
/** After one TTL the traffic is steady. */
const SECONDS = { warmUpSeconds: 120, seconds: 60 };

const line = (cells) => `| ${cells.join(' | ')} |`;
/** Returns a table in Markdown. */
export const table = (head, rows) => [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
/** Formats a share. */
export const percent = (share) => `${(100 * share).toFixed(1)} %`;
const rounded = (value) => Number(value.toPrecision(3)).toLocaleString('en');

/** Returns the table of the page and its chart. */
export function capacityFigures() {
  const runs = SIZES.map(figuresOf);
  return { markdown: table(HEAD, runs.map(rowOf)), chart: chartOf(runs) };
}

const HEAD = [
  'processes',
  'near hits',
  'hits in Redis',
  'computations',
  'commands/s',
  'commands/s without `near`',
  'messages/s to all processes',
  'messages/s to each',
];

function figuresOf(processes) {
  const near = simulate({ processes, near: true, ...SECONDS });
  const far = simulate({ processes, near: false, ...SECONDS });
  return { processes, near, far };
}

function rowOf({ processes, near, far }) {
  const perSecond = (count) => rounded(count / near.seconds);
  return [
    processes.toLocaleString('en'),
    percent(near.nearHits / near.requests),
    percent(near.redisHits / near.requests),
    percent(near.computations / near.requests),
    perSecond(near.commands),
    perSecond(far.commands),
    perSecond(near.messages),
    perSecond(near.messages / processes),
  ];
}

function chartOf(runs) {
  const groups = runs.map(({ processes, near }) => ({
    title: `${processes.toLocaleString('en')} processes`,
    bars: [
      bar('near hits', 'subject', near.nearHits / near.requests),
      bar('hits in Redis', 'baseline', near.redisHits / near.requests),
      bar('computations', 'peer', near.computations / near.requests),
    ],
  }));
  return barChart({ title: 'Where requests are served, by number of processes', groups });
}

function bar(name, role, value) {
  return { name, role, value, label: percent(value) };
}
