import { barChart } from '../page/bar-chart.mjs';
import { simulate } from './simulation.mjs';

/** Numbers of processes for which the page is written. */
const SIZES = [1, 10, 100, 1_000];
/** After one TTL the traffic is steady. */
const SECONDS = { warmUpSeconds: 120, seconds: 60 };
/** Durations of a computation, and the number of processes for which they are compared. */
const DURATIONS = [1, 10, 30];
const LONG_PROCESSES = 100;

const line = (cells) => `| ${cells.join(' | ')} |`;
/** Returns a table in Markdown. */
export const table = (head, rows) => [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
/** Formats a share. */
export const percent = (share) => `${(100 * share).toFixed(1)} %`;
const rounded = (value) => Number(value.toPrecision(3)).toLocaleString('en');

/** Returns the tables of the page about simulated processes, and its chart. */
export function capacityFigures() {
  const runs = SIZES.map(figuresOf);
  const long = DURATIONS.map((factorySeconds) => {
    const traffic = { processes: LONG_PROCESSES, factorySeconds, ...SECONDS };
    return { ...simulate(traffic), pollsAlone: simulate({ ...traffic, channels: false, near: false }).polls };
  });
  return {
    served: table(SERVED_HEAD, runs.map(servedRow)),
    load: table(LOAD_HEAD, runs.map(loadRow)),
    long: table(LONG_HEAD, long.map(longRow)),
    ends: table(ENDS_HEAD, runs.map(endsRow)),
    chart: chartOf(runs),
  };
}

const SERVED_HEAD = ['processes', 'near hits', 'hits in Redis', 'computations', 'callers that wait'];
const LOAD_HEAD = [
  'processes',
  'commands/s',
  'MB/s to Redis',
  'messages/s to all processes',
  'messages/s to each',
  'MB/s from Redis',
  'commands/s without `near`',
  'MB/s from Redis without `near`',
];
const LONG_HEAD = [
  'a computation takes',
  'computations/s',
  'other processes that wait for one',
  'polls/s',
  'polls/s without notifications',
  'renewals/s',
  'commands/s',
];

const ENDS_HEAD = [
  'processes',
  'messages/s to all',
  'time between two waits of a process',
  'saved by unsubscribing after 10 s without a wait',
  'messages/s with a channel for each wait',
  'commands/s for these channels',
];
/** Time without a wait after which a process might unsubscribe. */
const IDLE_SECONDS = 10;

function figuresOf(processes) {
  const near = simulate({ processes, near: true, ...SECONDS });
  const far = simulate({ processes, near: false, listening: true, ...SECONDS });
  return { processes, near, far };
}

const perSecond = (count) => rounded(count / SECONDS.seconds);
const megabytes = (bytes) => rounded(bytes / SECONDS.seconds / 1e6);

function servedRow({ processes, near }) {
  const shares = [near.nearHits, near.redisHits, near.computations, near.collapsed];
  return [processes.toLocaleString('en'), ...shares.map((count) => percent(count / near.requests))];
}

function loadRow({ processes, near, far }) {
  return [
    processes.toLocaleString('en'),
    perSecond(near.commands),
    megabytes(near.bytesToRedis),
    perSecond(near.messages),
    perSecond(near.messages / processes),
    megabytes(near.bytesFromRedis),
    perSecond(far.commands),
    megabytes(far.bytesFromRedis),
  ];
}

/** Without near copies: what the ends of computations cost, and what other ways to announce them would cost. */
function endsRow({ processes, far }) {
  const secondsBetween = (processes * SECONDS.seconds) / far.waiters;
  // Waits of a process come at random.
  const idle = Math.exp(-IDLE_SECONDS / secondsBetween);
  return [
    processes.toLocaleString('en'),
    far.waiters === 0 ? '0' : perSecond(far.messages),
    far.waiters === 0 ? '∞' : `${secondsBetween.toPrecision(2)} s`,
    far.waiters === 0 ? '–' : percent(idle),
    perSecond(far.waiters),
    perSecond(2 * far.waiters),
  ];
}

function longRow({ computations, waiters, polls, pollsAlone, renewals, commands }, index) {
  return [
    `${DURATIONS[index]} s`,
    perSecond(computations),
    (waiters / computations).toFixed(2),
    perSecond(polls),
    perSecond(pollsAlone),
    perSecond(renewals),
    perSecond(commands),
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
