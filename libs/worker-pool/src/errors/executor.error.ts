import { WorkerPoolError } from './worker-pool.error.js';

/** The executor could not produce an answer. The message never holds the prompt or a secret. */
export class ExecutorError extends WorkerPoolError {
  readonly code: string = 'ERR_EXECUTOR_FAILED';
}
