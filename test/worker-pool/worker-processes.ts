import { resolve } from 'node:path';
import type { BullmqPoolOptions } from 'nestjs-worker-pool';
import { type ManagedProcess, spawnNode, until } from '@test/support/index.js';

const SCRIPT = resolve('test/fixtures/pool-worker.mjs');

type Options = Partial<Omit<BullmqPoolOptions, 'driver' | 'executor' | 'role'>>;

/** Starts worker processes, and ends them. */
export class WorkerProcesses {
  readonly #started: ManagedProcess[] = [];

  /** Starts a worker and waits until it is ready. */
  async start(options: Options, claude?: object): Promise<ManagedProcess> {
    const child = spawnNode(SCRIPT, {
      env: { SCENARIO: JSON.stringify({ options, claude }), NO_COLOR: '1' },
    });
    this.#started.push(child);
    await child.waitForLine(/^ready$/);
    return child;
  }

  async endAll(): Promise<void> {
    await Promise.all(this.#started.splice(0).map((child) => child.kill()));
  }
}

/** The first worker whose output matches. */
export function whoSays(pattern: RegExp, workers: ManagedProcess[]): Promise<ManagedProcess> {
  return until(() => workers.find((worker) => pattern.test(worker.stdout)), {
    what: `one of the workers to say ${pattern}`,
    timeoutMs: 15_000,
  });
}

/** How often the workers have started the prompt, in total. */
export function starts(prompt: string, workers: ManagedProcess[]): number {
  const lines = workers.flatMap((worker) => worker.stdout.split('\n'));
  return lines.filter((line) => line === `start ${prompt}`).length;
}
