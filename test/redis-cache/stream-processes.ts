import { resolve } from 'node:path';
import { type ManagedProcess, spawnNode } from '@test/support/index.js';

const SCRIPT = resolve('test/fixtures/stream-process.mjs');

export interface StreamScenario {
  connection: object;
  key: string;
  /** `open`, then a piece each, then `end` or `fail`. */
  steps: string[];
  options?: object;
  cacheOptions?: object;
}

/** Starts a process and waits until it is connected. */
export async function startStreaming(scenario: StreamScenario): Promise<ManagedProcess> {
  const child = spawnNode(SCRIPT, { env: { SCENARIO: JSON.stringify(scenario), NO_COLOR: '1' } });
  await child.waitForLine(/^ready$/);
  return child;
}

/** Makes the process take its next step. */
export function step(child: ManagedProcess): void {
  child.signal('SIGUSR2');
}

/** Takes a step that produces a piece, and waits until its caller has received it. */
export async function stepTo(child: ManagedProcess, piece: string): Promise<void> {
  step(child);
  await child.waitForLine(new RegExp(`^< ${piece}$`));
}

/** The pieces that the caller in the process has received. */
export function piecesOf(child: ManagedProcess): string[] {
  return [...child.stdout.matchAll(/^< (.*)$/gm)].map(([, piece]) => piece!);
}

/** Waits for the end and returns how it went. */
export async function reportOf(
  child: ManagedProcess,
): Promise<{ status: string | null; error: string | null }> {
  const line = await child.waitForLine(/^\{.*\}$/);
  await child.exited;
  return JSON.parse(line) as { status: string | null; error: string | null };
}
