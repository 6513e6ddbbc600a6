import { resolve } from 'node:path';
import { type ManagedProcess, spawnNode } from '@test/support/index.js';

const PROBE = resolve('test/soak/probe.mjs');
const SAMPLE_TIMEOUT_MS = 60_000;

/** What `probe.mjs` prints. */
export interface ProcessSample {
  series: Record<string, number>;
  warnings: string[];
  /** Of a process with traffic of its own. */
  report: { done: number; refused: number; inFlight: string[]; unexpected: Record<string, number> } | null;
}

/**
 * The young generation keeps one size (in MB): otherwise it changes between its smallest and its largest, and resident memory
 * is at one of several levels that are up to 30 MB apart.
 */
const YOUNG_GENERATION = ['--min-semi-space-size=4', '--max-semi-space-size=4'];

/** A process whose memory, handles and timers are sampled. */
export class Subject {
  readonly process: ManagedProcess;
  #samples = 0;

  constructor(
    readonly name: string,
    script: string,
    env: Record<string, string>,
  ) {
    const nodeArgs = [
      ...YOUNG_GENERATION,
      '--expose-gc',
      '--disable-warning=ExperimentalWarning',
      '--import',
      PROBE,
    ];
    this.process = spawnNode(resolve(script), { env: { NO_COLOR: '1', ...env }, nodeArgs });
  }

  /** Stops the traffic of the process, samples it, and leaves the traffic stopped. */
  async sample(): Promise<ProcessSample> {
    this.#assertRunning();
    this.process.signal('SIGUSR2');
    this.#samples += 1;
    const start = `soak-sample ${this.#samples} `;
    const line = await this.process.waitForLine(new RegExp(`^${start}`), SAMPLE_TIMEOUT_MS);
    return JSON.parse(line.slice(start.length)) as ProcessSample;
  }

  resume(): void {
    this.process.signal('SIGUSR2');
  }

  #assertRunning(): void {
    const { exitStatus, stderr } = this.process;
    if (exitStatus === undefined) return;
    throw new Error(`${this.name} has ended (${JSON.stringify(exitStatus)}):\n${stderr.slice(-4_000)}`);
  }
}
