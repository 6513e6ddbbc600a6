import type { Script } from 'nestjs-redis-connection';
import type { TaskResult, TaskSnapshot } from '../contract/task.js';
import { stoppedResult } from '../tasks/task-results.js';
import { TaskCancelledError } from '../errors/task-cancelled.error.js';
import type { WorkerPoolError } from '../errors/worker-pool.error.js';
import type { QueueLink } from './connection/queue-link.js';
import { type QueueStats, toQueueStats } from './queue-stats.js';
import type { QueueKeys } from './queue-keys.js';
import { admit } from './scripts/admit.js';
import { beat } from './scripts/beat.js';
import { checkClaims } from './scripts/check-claims.js';
import { join } from './scripts/join.js';
import { readStats } from './scripts/read-stats.js';
import { readTasks } from './scripts/read-tasks.js';
import { stop } from './scripts/stop.js';
import { type StoredTask, toSnapshot } from './stored-task.js';

/**
 * Length of the stream through which all processes hear how tasks end, results included. Whoever is so far
 * behind that it missed some finds the results by looking them up.
 */
export const EVENT_STREAM_LENGTH = 1_000;

/** How somebody came to a task: the one waits for it and may leave, the other holds its id. */
export type Interest = 'run' | 'submit';

/** What became of a submission. */
export interface Acceptance {
  /** Its own task, or one in progress under the same key. */
  taskId: string;
  /** Under which its interest in that task is noted: the task's own id for whoever made it. */
  interestId: string;
}

/** How full the queue is, of which more was asked. */
export interface Fullness {
  backlog: number;
  meanMs: number | null;
  capacity: number;
}

/** What a worker tells of itself. */
export interface WorkerReport {
  workerId: string;
  /** How long it counts as alive, in milliseconds; 0 when it leaves. */
  aliveMs: number;
  concurrency: number;
  lingering: number;
  completed: number;
  failed: number;
  timedOut: number;
  ended: number;
  serviceMs: number;
  globalConcurrency: number | undefined;
}

/** A task that a worker holds. */
export interface Claim {
  taskId: string;
  /** What BullMQ gave out for it. */
  token: string;
}

export type Verdict = '' | 'stopped' | 'lost';

const TALLY_OF = { timeout: 'timedOut', killed: 'killed' } as const;

/**
 * What the pool asks of the queue's Redis beside BullMQ, each in one round trip.
 *
 * @throws {PoolUnavailableError} from every method, within the deadline of a call
 */
export class QueueCommands {
  constructor(
    private readonly link: QueueLink,
    private readonly keys: QueueKeys,
    /** Results older than this no longer count, in milliseconds. */
    private readonly resultTtlMs: number,
  ) {}

  /** For each task `null` when it stays in the queue; else it was taken out again, and this is how full that is. */
  async admit(taskIds: string[], maxBacklog: number): Promise<(Fullness | null)[]> {
    const { keys } = this;
    const names = [keys.wait, keys.prioritized, keys.active, keys.capacity, keys.tallies, keys.events];
    const tasks = taskIds.map((taskId) => keys.task(taskId));
    const answer = (await this.#run(
      admit,
      [...names, ...tasks],
      maxBacklog,
      keys.deduplication,
      ...taskIds,
    )) as [number, string, number, number[]] | null;
    const [backlog = 0, mean = '', capacity = 0, refused = []] = answer ?? [];
    const full = { backlog, meanMs: mean === '' ? null : Number(mean), capacity };
    return taskIds.map((_, index) => (refused.includes(index) ? full : null));
  }

  /** `false` when the task is gone or was stopped meanwhile. */
  async join(taskId: string, interest: Interest, interestId: string): Promise<boolean> {
    return (await this.#run(join, [this.keys.task(taskId)], interest, interestId)) === 1;
  }

  /** One who waited has gone: cancels the task unless somebody else is interested in it. */
  async leave({ taskId, interestId }: Acceptance): Promise<boolean> {
    return this.#stop(taskId, 'killed', new TaskCancelledError(), interestId);
  }

  /** `false` when there is no such task or it has ended. */
  async stop(taskId: string, status: 'timeout' | 'killed', reason: WorkerPoolError): Promise<boolean> {
    return this.#stop(taskId, status, reason, '');
  }

  /** `null` for each task that is unknown or no longer kept. */
  async readTasks(taskIds: string[]): Promise<(TaskSnapshot | null)[]> {
    if (taskIds.length === 0) {
      return [];
    }
    const names = taskIds.map((taskId) => this.keys.task(taskId));
    const found = (await this.#run(readTasks, names)) as StoredTask[];
    const oldest = Date.now() - this.resultTtlMs;
    return taskIds.map((taskId, index) => {
      const snapshot = toSnapshot(taskId, found[index]);
      return snapshot && (snapshot.finishedAt ?? Infinity) < oldest ? null : snapshot;
    });
  }

  async checkClaims(claims: Claim[]): Promise<Verdict[]> {
    const names = claims.map(({ taskId }) => this.keys.task(taskId));
    return (await this.#run(checkClaims, names, ...claims.map(({ token }) => token))) as Verdict[];
  }

  async beat(report: WorkerReport): Promise<void> {
    const { workers, workerFacts, capacity, tallies, meta } = this.keys;
    const { workerId, aliveMs, concurrency, lingering, completed, failed, timedOut, ended, serviceMs } =
      report;
    const globalConcurrency = report.globalConcurrency ?? '';
    await this.#run(
      beat,
      [workers, workerFacts, capacity, tallies, meta],
      workerId,
      aliveMs,
      concurrency,
      lingering,
      completed,
      failed,
      timedOut,
      ended,
      Math.round(serviceMs),
      globalConcurrency,
      EVENT_STREAM_LENGTH,
    );
  }

  async readStats(): Promise<QueueStats> {
    const { wait, prioritized, active, capacity, workers, tallies } = this.keys;
    const names = [wait, prioritized, active, capacity, workers, tallies];
    return toQueueStats(await this.#run(readStats, names, this.keys.task('')));
  }

  async #stop(
    taskId: string,
    status: 'timeout' | 'killed',
    reason: WorkerPoolError,
    leaving: string,
  ): Promise<boolean> {
    const { keys } = this;
    const result: TaskResult = stoppedResult(taskId, status, reason);
    const names = [keys.task(taskId), keys.wait, keys.prioritized, keys.completed, keys.events, keys.tallies];
    const stopped = await this.#run(
      stop,
      names,
      taskId,
      keys.deduplication,
      TALLY_OF[status],
      JSON.stringify(result),
      Date.now(),
      leaving,
      keys.nudges,
      EVENT_STREAM_LENGTH,
    );
    return stopped !== 0;
  }

  #run(script: Script, keys: string[], ...args: (string | number)[]): Promise<unknown> {
    return this.link.call((client) => script.run(client, keys, ...args));
  }
}
