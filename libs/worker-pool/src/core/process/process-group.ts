import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const FIRST_POLL_MS = 10;
const MAX_POLL_MS = 100;
// Nothing survives SIGKILL, but a machine out of breath may take a while over it.
const DEATH_MS = 5_000;

/**
 * Sends a signal to every process of a group; 0 only asks whether there is one.
 *
 * @returns false when no process is left that could be signalled
 */
export function signalGroup(groupId: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-groupId, signal);
  } catch {
    return false;
  }
}

/**
 * Ends what is left of a process group: SIGTERM, and after `graceMs` SIGKILL for what is still there.
 *
 * Resolves when the group is gone. No event tells that, so it looks every few milliseconds.
 */
export async function endGroup(groupId: number, graceMs: number): Promise<void> {
  if (!signalGroup(groupId, 'SIGTERM') || (await goneWithin(groupId, graceMs))) {
    return;
  }
  signalGroup(groupId, 'SIGKILL');
  await goneWithin(groupId, DEATH_MS);
}

async function goneWithin(groupId: number, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_POLL_MS)) {
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) {
      return false;
    }
    await delay(Math.min(pauseMs, leftMs));
    if (!(await lives(groupId))) {
      return true;
    }
  }
}

/**
 * Whether a group has a member that is more than a zombie. An orphan that has ended stays one until the
 * init process reaps it: late under some, never in a container where the app itself is process 1. Only
 * Linux tells (by /proc); elsewhere a zombie counts as a member.
 */
async function lives(groupId: number): Promise<boolean> {
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
    // pid (name) state ppid pgrp …; a name may hold anything, parentheses included.
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state && Number(group) === groupId) {
      states.push(state);
    }
  }
  return states;
}
