import { resolve } from 'node:path';
import { type ManagedProcess, spawnNode } from '@test/support/index.js';

const SCRIPT = resolve('test/fixtures/get-or-set-process.mjs');

/** Parameters of a process; see the script. */
export interface Scenario {
  connection: object;
  key?: string;
  callers?: number;
  factoryMs?: number;
  held?: boolean;
  fails?: string;
  neverStored?: boolean;
  options?: object;
  cacheOptions?: object;
  value?: string;
}

/** Results of a process: how many callers received each value, status and error. */
export interface Report {
  values: Record<string, number>;
  statuses: Record<string, number>;
  errors: Record<string, number>;
  /** When its last caller received a result, in epoch milliseconds. */
  at: number;
}

/** Starts a process and waits until it is connected. */
export async function startAsking(scenario: Scenario): Promise<ManagedProcess> {
  const child = spawnNode(SCRIPT, { env: { SCENARIO: JSON.stringify(scenario), NO_COLOR: '1' } });
  await child.waitForLine(/^ready$/);
  return child;
}

/** Makes processes call `getOrSet` at the same moment. */
export function begin(...children: ManagedProcess[]): void {
  for (const child of children) child.signal('SIGUSR2');
}

/** Waits until all callers of these `held` processes wait, then lets the factory return. */
export async function release(...children: ManagedProcess[]): Promise<void> {
  await Promise.all(children.map((child) => child.waitForLine(/^asked$/)));
  begin(...children);
}

/** Waits for a process to exit and returns its report. */
export async function reportOf(child: ManagedProcess): Promise<Report> {
  const line = await child.waitForLine(/^\{.*\}$/);
  await child.exited;
  return JSON.parse(line) as Report;
}

/** Returns how often the factory ran, in all processes. */
export function factoryCalls(...children: ManagedProcess[]): number {
  return children.reduce((sum, child) => sum + (child.stdout.match(/^factory$/gm)?.length ?? 0), 0);
}

/** Returns the sums of the counts of several reports. */
export function total(records: Record<string, number>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const record of records) {
    for (const [name, count] of Object.entries(record)) sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}
