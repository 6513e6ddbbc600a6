import type { ContentBlock, TokenUsage, TypedObject } from './completion-request.js';
import type { UpstreamFailure } from '../errors/executor.error.js';

/**
 * - `pending`: waits for a worker
 * - `running`
 * - `completed`
 * - `failed`: the executor threw, or answered something malformed
 * - `timeout`: ran longer than the task's time limit
 * - `killed`: cancelled, or ended by a shutdown
 */
export type TaskStatus = 'pending' | 'running' | 'completed' | 'failed' | 'timeout' | 'killed';

/** Why a task did not complete. Never holds the prompt or a secret. */
export interface TaskError {
  /** Stable code, such as `ERR_EXECUTOR_FAILED` or `ERR_TASK_TIMEOUT`. */
  code: string;
  message: string;
  /** What the service behind the executor answered, when it was that which failed. */
  upstream?: UpstreamFailure;
}

/** How a task ended; frozen. The fields of the answer are `null` unless `status` is `completed`. */
export interface TaskResult {
  taskId: string;
  status: Exclude<TaskStatus, 'pending' | 'running'>;
  completion: string | null;
  usage: TokenUsage | null;
  /** US dollars. */
  cost: number | null;
  model: string | null;
  stopReason: string | null;
  stopSequence?: string | null;
  stopDetails?: TypedObject | null;
  content: ContentBlock[] | null;
  error: TaskError | null;
}

/** A task as it stands now. */
export interface TaskSnapshot {
  taskId: string;
  status: TaskStatus;
  /** Epoch milliseconds. */
  submittedAt: number;
  startedAt: number | null;
  finishedAt: number | null;
  /** Present once the task has ended. */
  result: TaskResult | null;
}

/** Counters and gauges of a pool. */
export interface PoolStats {
  /** Tasks that run at the same time at most. */
  concurrency: number;
  /** Tasks that may wait at most. */
  maxBacklog: number;
  running: number;
  pending: number;
  /**
   * Workers still held by a task that has already ended (time limit, cancellation), because its executor
   * has not stopped yet. Above 0 for long: the executor ignores its signal.
   */
  lingering: number;
  /** How long the oldest pending task has waited, in milliseconds; 0 when none waits. */
  oldestWaitMs: number;
  /** How long recent tasks held a worker, in milliseconds: a moving mean; `null` before the first ended. */
  meanServiceMs: number | null;
  /**
   * How long a task that is submitted now would wait for a worker, in milliseconds: an estimate from the
   * recent service times. 0 when a worker is free.
   */
  retryAfterMs: number;
  completed: number;
  failed: number;
  timedOut: number;
  killed: number;
  /** Submissions refused because the backlog was full. */
  rejected: number;
}

/**
 * Whether a pool can do its work.
 * - `up`
 * - `degraded`: tasks only wait, because no worker is alive; or this process does the work itself, because the
 *   queue is unavailable
 * - `down`: it takes no tasks
 */
export type PoolCondition = 'up' | 'degraded' | 'down';

/** How a pool is, for a health check. Never an address or a message of a server. */
export interface PoolHealth {
  status: PoolCondition;
  driver: 'local' | 'bullmq';
  /** Worker processes that are alive; `null` when that cannot be told. */
  workers: number | null;
  /** Tasks that wait, and for how long the oldest has, in milliseconds; `null` when that cannot be told. */
  backlog: number | null;
  oldestWaitMs: number | null;
  /** What somebody should see to, a sentence each; empty when there is nothing. */
  warnings: string[];
}
