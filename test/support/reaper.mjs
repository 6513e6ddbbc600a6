/**
 * Kills what a dead test run left behind. A process of its own, started by `reaper-client.ts`.
 *
 * Reads lines "+<pid>" and "-<pid>" on stdin; when stdin ends, which it does however the writer died,
 * SIGKILLs every pid that is still on the list. A `process.on('exit')` hook would not do: inside jest
 * `process` is a copy that never emits 'exit', and no hook runs after a SIGKILL.
 */
import { createInterface } from 'node:readline';

const pids = new Set();

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const pid = Number(line.slice(1));
  if (line.startsWith('+')) pids.add(pid);
  else pids.delete(pid);
});
lines.on('close', () => pids.forEach(kill));
