import type { WorkerPool, WorkerPoolOptions } from 'nestjs-worker-pool';
import type { ControlledExecutor } from '@worker-pool/core/local/spec-support/controlled-executor.js';

/** Limits that a promise may ask for; those that it leaves out are the driver's defaults. */
export type Limits = Pick<
  WorkerPoolOptions,
  'concurrency' | 'maxBacklog' | 'taskTimeoutMs' | 'resultTtlMs' | 'maxResults' | 'drainTimeoutMs'
>;

export interface OpenPool {
  pool: WorkerPool;
  /** What does the pool's work, in whichever pool of the same queue that happens. */
  executor: ControlledExecutor;
}

/** What the contract needs of a driver. */
export interface PoolSubject {
  /** A pool that takes tasks and whose workers run, with nothing left over from another one. */
  open(limits?: Limits): Promise<OpenPool>;
  /** Closes every pool that `open` has made. */
  closeAll(): Promise<void>;
}

/** The code of what a promise rejects with, or `none` when it does not. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return 'none';
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}
