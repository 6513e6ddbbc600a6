import type { ContentBlock, TokenUsage, TypedObject } from './completion-request.js';
import type { UpstreamFailure } from './errors.js';

/**
 * - `pending`: waiting for a worker
 * - `running`
 * - `completed`
 * - `failed`: the executor threw, or returned a malformed completion
 * - `timeout`: the run exceeded the task's time limit
 * - `killed`: cancelled, or ended by a shutdown
 */
export type TaskStatus = 'pending' | 'running' | 'completed' | 'failed' | 'timeout' | 'killed';

/** Why a task did not complete. Never contains the prompt, a secret, a path or an address: clients may read it. */
export interface TaskError {
  /** Stable code, such as `ERR_EXECUTOR_FAILED` or `ERR_TASK_TIMEOUT`. */
  code: string;
  message: string;
  /** The failure of the service behind the executor, if that is what failed. */
  upstream?: UpstreamFailure;
}

/** The outcome of a task; frozen. The fields of the completion are `null` unless `status` is `completed`. */
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
  extra?: Record<string, unknown>;
  error: TaskError | null;
}

/** The current state of a task. */
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
  /** Maximum number of tasks that run at the same time. */
  concurrency: number;
  /** Maximum number of waiting tasks. */
  maxBacklog: number;
  running: number;
  pending: number;
  /**
   * Workers still occupied by a task that has already ended (time limit, cancellation), because its executor has
   * not stopped yet. If it stays above 0, the executor ignores its signal.
   */
  lingering: number;
  /** Wait of the oldest pending task, in milliseconds; 0 when none is waiting. */
  oldestWaitMs: number;
  /** Moving average of how long recent tasks occupied a worker, in milliseconds; `null` before the first has ended. */
  meanServiceMs: number | null;
  /**
   * Estimated wait of a task submitted now, in milliseconds, derived from recent service times. 0 when a worker is
   * free.
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
 * - `degraded`: no worker is alive, so tasks only wait; or the queue is unavailable and this process executes
 *   requests itself
 * - `down`: it accepts no tasks
 */
export type PoolCondition = 'up' | 'degraded' | 'down';

/** The state of a pool for a health check. Never contains an address or a message of a server. */
export interface PoolHealth {
  status: PoolCondition;
  driver: 'local' | 'bullmq';
  /** Worker processes that are alive; `null` when unknown. */
  workers: number | null;
  /** Number of waiting tasks; `null` when unknown. */
  backlog: number | null;
  /** Wait of the oldest of them, in milliseconds; `null` when unknown. */
  oldestWaitMs: number | null;
  /** Problems that an operator should fix, one sentence each; empty when there are none. */
  warnings: string[];
}
