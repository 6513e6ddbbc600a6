import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const FIRST_POLL_MS = 10;
const MAX_POLL_MS = 100;
// Nothing survives SIGKILL, but an overloaded machine may take a while to deliver it.
const DEATH_MS = 5_000;

/**
 * Sends a signal to every process of a group; 0 only checks whether the group has a process.
 *
 * @returns `false` when no process could be signalled
 */
export function signalGroup(groupId: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-groupId, signal);
  } catch {
    return false;
  }
}

/**
 * Ends the remaining processes of a group: SIGTERM, and SIGKILL after `graceMs`.
 *
 * Resolves when the group has ended. The system has no event for that, so the group is polled.
 */
export async function endGroup(groupId: number, graceMs: number): Promise<void> {
  if (!signalGroup(groupId, 'SIGTERM') || (await endsWithin(groupId, graceMs))) {
    return;
  }
  signalGroup(groupId, 'SIGKILL');
  await endsWithin(groupId, DEATH_MS);
}

async function endsWithin(groupId: number, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_POLL_MS)) {
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) {
      return false;
    }
    await delay(Math.min(pauseMs, leftMs));
    if (!(await isAlive(groupId))) {
      return true;
    }
  }
}

/**
 * Whether a group has a member other than zombies. An orphan that has ended stays a zombie until the init process
 * reaps it: some do so late, and in a container where the app is process 1 it never happens. Only Linux reports the
 * state (in /proc); elsewhere a zombie counts as a member.
 */
async function isAlive(groupId: number): Promise<boolean> {
  if (!signalGroup(groupId, 0)) {
    return false;
  }
  const states = await statesOf(groupId);
  return states.length === 0 || states.some((state) => state !== 'Z' && state !== 'X');
}

async function statesOf(groupId: number): Promise<string[]> {
  const states: string[] = [];
  for (const entry of await readdir('/proc').catch((): string[] => [])) {
    const stat = /^\d+$/.test(entry) ? await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '') : '';
    // pid (name) state ppid pgrp …; the name may contain parentheses.
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state && Number(group) === groupId) {
      states.push(state);
    }
  }
  return states;
}
