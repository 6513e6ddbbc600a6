/**
 * Preloaded into each process of a soak with `--import`. The first SIGUSR2 stops the traffic of the process, if it has
 * any, and prints one line: `soak-sample <number> <JSON>`. The next SIGUSR2 lets the traffic continue. Needs `--expose-gc`.
 *
 * A script with traffic sets `globalThis.soakTraffic` to `{ pause, resume, report }`.
 */
import { EventEmitter } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { queryObjects } from 'node:v8';

const ROUNDS_OF_GC = 4;
const Timeout = setTimeout(() => {}, 0).constructor;
const warnings = [];
let isPaused = false;
let samples = 0;

process.on('warning', ({ name, message }) => {
  // That of `queryObjects`.
  if (name !== 'ExperimentalWarning') warnings.push(`${name}: ${message}`);
});
process.on('SIGUSR2', () => void toggle());

async function toggle() {
  isPaused = !isPaused;
  if (!isPaused) return globalThis.soakTraffic?.resume();
  await globalThis.soakTraffic?.pause();
  // Finalizers run between collections, and free what the next one then finds.
  for (let round = 0; round < ROUNDS_OF_GC; round += 1) {
    globalThis.gc();
    await sleep(10);
  }
  samples += 1;
  process.stdout.write(`soak-sample ${samples} ${JSON.stringify(sample())}\n`);
}

function sample() {
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
  return {
    series: {
      'heap used (bytes)': heapUsed,
      'external memory (bytes)': external + arrayBuffers,
      'resident memory (bytes)': rss,
      'file descriptors': readdirSync('/proc/self/fd').length,
      'active handles': process._getActiveHandles().length,
      'active resources': process.getActiveResourcesInfo().length,
      // Also those that keep no process alive, which `getActiveResourcesInfo` leaves out.
      timers: queryObjects(Timeout),
      listeners: listenersOf([process, ...process._getActiveHandles()]),
    },
    warnings: warnings.splice(0),
    report: globalThis.soakTraffic?.report() ?? null,
  };
}

function listenersOf(objects) {
  const emitters = objects.filter((object) => object instanceof EventEmitter);
  return emitters
    .flatMap((emitter) => emitter.eventNames().map((name) => emitter.listenerCount(name)))
    .reduce((sum, count) => sum + count, 0);
}
