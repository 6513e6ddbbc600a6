/**
 * Preloaded into a server, measures the longest turn of its event loop: the longest time for which it served nothing else.
 * It counts the processor time of the thread of the event loop, pauses of the garbage collector included, so that neither
 * other programs of a busy machine nor other threads matter. At SIGUSR2 it prints `HEARTBEAT {"longestMs":…,"gcMs":…,
 * "unitMs":…}` and begins again; `unitMs` is the time of one JSON.stringify and JSON.parse of 8 MB on this machine.
 */
import { openSync, readSync } from 'node:fs';
import { performance, PerformanceObserver } from 'node:perf_hooks';

const timeIn = ({ user, system }) => (user + system) / 1_000;

/** The processor time of this thread as Linux reports it. */
function timeByLinux() {
  const file = openSync('/proc/thread-self/schedstat');
  const bytes = Buffer.alloc(128);
  const readMs = () => {
    // The system brings the file up to date when it is asked for the usage.
    process.cpuUsage();
    return Number.parseInt(bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, 0))) / 1e6;
  };
  // Without these statistics the system reports 0.
  if (!(readMs() > 0)) throw new Error('no statistics');
  return readMs;
}

/** The most exact clock there is: of the thread; elsewhere of the process, whose other threads count as well. */
function processorClock() {
  if (process.threadCpuUsage) return () => timeIn(process.threadCpuUsage());
  try {
    return timeByLinux();
  } catch {
    return () => timeIn(process.cpuUsage());
  }
}

const cpuMs = processorClock();
const text = 'x'.repeat(8 * 1_024 * 1_024);
const unit = () => {
  const start = cpuMs();
  JSON.parse(JSON.stringify(text));
  return cpuMs() - start;
};
const unitMs = Math.min(...Array.from({ length: 10 }, unit));

let [longestMs, gcMs] = [0, 0];
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) gcMs = Math.max(gcMs, duration);
}).observe({ entryTypes: ['gc'] });

let [cpu, time] = [cpuMs(), performance.now()];

setInterval(() => {
  const [nextCpu, nextTime] = [cpuMs(), performance.now()];
  // Threads of the process may use more processor time than has passed.
  longestMs = Math.max(longestMs, Math.min(nextCpu - cpu, nextTime - time));
  [cpu, time] = [nextCpu, nextTime];
}, 1).unref();

const report = () => {
  process.stderr.write(`HEARTBEAT ${JSON.stringify({ longestMs, gcMs, unitMs })}\n`);
  [longestMs, gcMs] = [0, 0];
};

// The last turn and its pauses are reported in a later one.
process.on('SIGUSR2', () => setTimeout(report, 5));
