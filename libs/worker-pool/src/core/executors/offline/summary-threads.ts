import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { SummaryJob, SummaryResult } from './summary-job.js';

const WORKER = fileURLToPath(new URL('./offline.worker.js', import.meta.url));

/** How many threads, and how long an idle one stays, in milliseconds. */
export interface SummaryThreadsOptions {
  maxThreads: number;
  idleTimeoutMs: number;
}

/** Threads that summarise: the first starts with the first job, idle ones end and keep no process alive. */
export class SummaryThreads {
  #pool: Piscina<SummaryJob, SummaryResult> | undefined;

  constructor(
    private readonly options: SummaryThreadsOptions,
    private readonly workerFile = WORKER,
  ) {}

  /** Rejects when the job failed, when the signal aborted (its thread ends at once) or on {@link close}. */
  run(job: SummaryJob, signal: AbortSignal): Promise<SummaryResult> {
    this.#pool ??= this.#start();
    return this.#pool.run(job, { signal });
  }

  /** Ends all threads, whatever they do. The next job would start new ones. */
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
    // A thread that cannot start leaves its jobs waiting for ever; destroying the pool rejects them.
    pool.on('error', () => {
      this.#pool = this.#pool === pool ? undefined : this.#pool;
      void pool.destroy();
    });
    return pool;
  }
}
