/**
 * Preloaded into a server, measures the longest turn of its event loop: the longest time for which it served nothing else.
 * It counts the processor time of the process, so that other programs of a busy machine do not matter, and leaves out the
 * pauses of the garbage collector, which it reports separately. At SIGUSR2 it prints `HEARTBEAT {"longestMs":…,"gcMs":…,
 * "unitMs":…}` and begins again; `unitMs` is the time of one JSON.stringify and JSON.parse of 8 MB on this machine.
 */
import { performance, PerformanceObserver } from 'node:perf_hooks';

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

const text = 'x'.repeat(8 * 1_024 * 1_024);
const unit = () => {
  const start = cpuMs();
  JSON.parse(JSON.stringify(text));
  return cpuMs() - start;
};
const unitMs = Math.min(unit(), unit(), unit(), unit(), unit());

/** Shorter turns are of no interest. */
const LONG_MS = 2;
let pauses = [];
let turns = [];
new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) pauses.push([startTime, startTime + duration]);
}).observe({ entryTypes: ['gc'] });

let [cpu, time] = [cpuMs(), performance.now()];

setInterval(() => {
  const [nextCpu, nextTime] = [cpuMs(), performance.now()];
  // Threads of the process may use more processor time than has passed.
  const busyMs = Math.min(nextCpu - cpu, nextTime - time);
  if (busyMs > LONG_MS) turns.push({ busyMs, from: time, to: nextTime });
  [cpu, time] = [nextCpu, nextTime];
}, 1).unref();

const pausedMs = ({ from, to }) =>
  pauses.reduce((sum, [start, end]) => sum + Math.max(0, Math.min(end, to) - Math.max(start, from)), 0);

const report = () => {
  const busy = turns.map((turn) => Math.max(0, turn.busyMs - pausedMs(turn)));
  const longest = {
    longestMs: Math.max(0, ...busy),
    gcMs: Math.max(0, ...pauses.map(([from, to]) => to - from)),
  };
  process.stderr.write(`HEARTBEAT ${JSON.stringify({ ...longest, unitMs })}\n`);
  [turns, pauses] = [[], []];
};

// The pauses of the last turn are reported in a later one.
process.on('SIGUSR2', () => setTimeout(report, 5));
