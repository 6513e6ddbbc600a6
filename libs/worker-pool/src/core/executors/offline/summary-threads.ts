import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { SummaryJob, SummaryResult } from './offline.worker.js';

const WORKER = fileURLToPath(new URL('./offline.worker.js', import.meta.url));

/** Limits of the threads. */
export interface SummaryThreadsOptions {
  maxThreads: number;
  /** How long an idle thread is kept, in milliseconds. */
  idleTimeoutMs: number;
}

/** Threads that summarise. The first starts with the first job; idle threads end and do not keep the process alive. */
export class SummaryThreads {
  #pool: Piscina<SummaryJob, SummaryResult> | undefined;

  constructor(
    private readonly options: SummaryThreadsOptions,
    private readonly workerFile = WORKER,
  ) {}

  /** Rejects when the job fails, when the signal aborts (which ends the thread) and on {@link close}. */
  run(job: SummaryJob, signal: AbortSignal): Promise<SummaryResult> {
    this.#pool ??= this.#start();
    return this.#pool.run(job, { signal });
  }

  /** Ends all threads, even while they work. A later job would start new ones. */
  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    await pool?.destroy();
  }

  #start(): Piscina<SummaryJob, SummaryResult> {
    const { maxThreads, idleTimeoutMs } = this.options;
    const pool = new Piscina<SummaryJob, SummaryResult>({
      filename: this.workerFile,
      minThreads: 0,
      maxThreads,
      idleTimeout: idleTimeoutMs,
    });
    // A thread that cannot start would leave its jobs pending forever; destroying the pool rejects them.
    pool.on('error', () => {
      this.#pool = this.#pool === pool ? undefined : this.#pool;
      void pool.destroy();
    });
    return pool;
  }
}
