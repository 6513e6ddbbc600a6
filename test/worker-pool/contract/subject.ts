import type { WorkerPool, WorkerPoolOptions } from 'nestjs-worker-pool';
import type { ControlledExecutor } from '@worker-pool/core/local/spec-support/controlled-executor.js';

/** Limits that a test may set; the others have the driver's defaults. */
export type Limits = Pick<
  WorkerPoolOptions,
  | 'concurrency'
  | 'maxBacklog'
  | 'taskTimeoutMs'
  | 'resultTtlMs'
  | 'maxResults'
  | 'maxStreamBytes'
  | 'drainTimeoutMs'
>;

export interface OpenPool {
  pool: WorkerPool;
  /** The executor of the pool, or of all pools of its queue. */
  executor: ControlledExecutor;
}

/** What the contract tests need from a driver. */
export interface PoolSubject {
  /** Opens a pool that accepts and runs tasks, without tasks of another pool. */
  open(limits?: Limits): Promise<OpenPool>;
  /** Closes every pool that `open` has opened. */
  closeAll(): Promise<void>;
}

/** The code of the error with which the promise rejects, or `none` when it resolves. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return 'none';
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}
