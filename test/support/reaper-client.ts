/**
 * Puts child processes under the care of `reaper.mjs`, so that none outlives a test run that crashed.
 *
 *   const release = protect(child.pid);
 *   child.once('exit', release);
 *
 * The reaper runs only while there is something to watch, in a process group of its own, so that Ctrl-C
 * does not reach it before it has done its work.
 */
import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { join } from 'node:path';

const REAPER_FILE = join(import.meta.dirname, 'reaper.mjs');

interface Reaper {
  readonly input: Socket;
  readonly pids: Set<number>;
}

let current: Reaper | undefined;

function startReaper(): Reaper {
  const child = spawn(process.execPath, [REAPER_FILE], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: {},
  });
  const input = child.stdin as Socket;
  input.on('error', () => undefined);
  input.unref();
  child.unref();
  return { input, pids: new Set() };
}

/** Answers the function that ends the protection; call it when the process has ended. */
export function protect(pid: number): () => void {
  const reaper = (current ??= startReaper());
  reaper.pids.add(pid);
  reaper.input.write(`+${pid}\n`);
  return () => {
    if (!reaper.pids.delete(pid)) return;
    reaper.input.write(`-${pid}\n`);
    if (reaper.pids.size > 0) return;
    reaper.input.end();
    if (current === reaper) current = undefined;
  };
}
