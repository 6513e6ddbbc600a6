import type { RedisClient, Script, ScriptArgument } from 'nestjs-redis-connection';
import { TaskCancelledError, type WorkerPoolError } from '../contract/errors.js';
import type { TaskResult, TaskSnapshot } from '../contract/task.js';
import { stoppedResult } from '../tasks/task-results.js';
import type { QueueKeys } from './queue-keys.js';
import type { QueueLink } from './queue-link.js';
import { type QueueStats, toQueueStats } from './queue-stats.js';
import { appendEvents, readEvents } from './event-scripts.js';
import { admit, beat, checkClaims, join, readStats, readTasks, stop } from './scripts.js';
import { type StoredTask, toSnapshot } from './stored-task.js';
import type { WorkerReport } from './worker-report.js';

/**
 * Length of the stream of events, which includes results. A process that falls further behind misses events and
 * finds the results by look-ups.
 */
export const EVENT_STREAM_LENGTH = 1_000;

/** Interest in a task: `run` waits for it and may leave, `submit` stays until the end. */
export type Interest = 'run' | 'submit';

/** Outcome of a submission. */
export interface Acceptance {
  /** Its own task, or the task in progress with the same key. */
  taskId: string;
  /** Id of its interest in that task; for the submission that created the task, the task's id. */
  interestId: string;
}

/** State of a full queue. */
export interface Fullness {
  backlog: number;
  meanMs: number | null;
  capacity: number;
}

/** A worker's claim to a task. */
export interface Claim {
  taskId: string;
  /** The token that BullMQ issued. */
  token: string;
}

/** State of a claim; empty while it is valid. */
export type ClaimState = '' | 'stopped' | 'lost';

/** A part of the log of a task's events. */
export interface EventChunk {
  taskId: string;
  /** The run that appends it. */
  run: string;
  /** Where it belongs in the log, in bytes. */
  offset: number;
  bytes: Buffer;
  /** How long the log lives from now, in milliseconds. */
  ttlMs: number;
}

/** A position in the log of a task's events. */
export interface EventPosition {
  taskId: string;
  /** The run that is read; empty: whichever the log has. */
  run: string;
  /** In bytes. */
  offset: number;
}

/** What Redis has at an {@link EventPosition}. */
export interface EventFacts {
  /** The run that holds the claim to the task now; empty: none. */
  holder: string;
  /** The run of the log; empty: there is no log. */
  written: string;
  /** The task has ended, was stopped, or is gone, and the run that is read (if any: that of the log) was its last. */
  isFinal: boolean;
  /** Length of the log, in bytes. */
  length: number;
  /** Empty when the log belongs to another run. */
  bytes: Buffer;
}

const COUNTER_OF = { timeout: 'timedOut', killed: 'killed' } as const;

/**
 * The pool's own commands in the queue's Redis, in addition to BullMQ's; each is one round trip.
 *
 * @throws {PoolUnavailableError} from every method, within the deadline of a call
 */
export class QueueCommands {
  constructor(
    private readonly link: QueueLink,
    private readonly keys: QueueKeys,
    /** Results older than `resultTtlMs` are treated as absent. */
    private readonly limits: { resultTtlMs: number; maxResultBytes: number },
  ) {}

  /** Returns `null` for each task that stays in the queue; for a refused task, the state of the full queue. */
  async admit(taskIds: string[], maxBacklog: number): Promise<(Fullness | null)[]> {
    const { keys } = this;
    const names = [keys.wait, keys.prioritized, keys.active, keys.capacity, keys.counters, keys.events];
    const tasks = taskIds.map((taskId) => keys.task(taskId));
    const reply = (await this.#run(
      admit,
      [...names, ...tasks],
      maxBacklog,
      keys.deduplication,
      ...taskIds,
    )) as [number, string, number, number[]] | null;
    const [backlog = 0, mean = '', capacity = 0, refused = []] = reply ?? [];
    const full = { backlog, meanMs: mean === '' ? null : Number(mean), capacity };
    return taskIds.map((_, index) => (refused.includes(index) ? full : null));
  }

  /** Returns `false` when the task no longer exists or was stopped. */
  async join(taskId: string, interest: Interest, interestId: string, isStreamed: boolean): Promise<boolean> {
    const stream = isStreamed ? 1 : 0;
    return (await this.#run(join, [this.keys.task(taskId)], interest, interestId, stream)) === 1;
  }

  /** Removes an interest, and cancels the task if no other remains. */
  async leave({ taskId, interestId }: Acceptance): Promise<boolean> {
    return this.#stop(taskId, 'killed', new TaskCancelledError(), interestId);
  }

  /** Returns `false` when the task does not exist or has ended. */
  async stop(taskId: string, status: 'timeout' | 'killed', reason: WorkerPoolError): Promise<boolean> {
    return this.#stop(taskId, status, reason, '');
  }

  /** Returns `null` for each task that is unknown or no longer kept. */
  async readTasks(taskIds: string[]): Promise<(TaskSnapshot | null)[]> {
    if (taskIds.length === 0) {
      return [];
    }
    const names = taskIds.map((taskId) => this.keys.task(taskId));
    const found = (await this.#run(readTasks, names)) as StoredTask[];
    const { resultTtlMs, maxResultBytes } = this.limits;
    const oldest = Date.now() - resultTtlMs;
    return taskIds.map((taskId, index) => {
      const snapshot = toSnapshot(taskId, found[index], maxResultBytes);
      return snapshot && (snapshot.finishedAt ?? Infinity) < oldest ? null : snapshot;
    });
  }

  async checkClaims(claims: Claim[]): Promise<ClaimState[]> {
    const names = claims.map(({ taskId }) => this.keys.task(taskId));
    return (await this.#run(checkClaims, names, ...claims.map(({ token }) => token))) as ClaimState[];
  }

  /** Returns the lengths of the logs; -1 for each run that may not append. */
  async appendEvents(chunks: EventChunk[]): Promise<number[]> {
    const args = chunks.flatMap(({ run, offset, bytes, ttlMs }) => [run, offset, bytes, ttlMs]);
    return (await this.#run(appendEvents, this.#eventKeys(chunks), ...args)) as number[];
  }

  /** @param maxBytes for each task */
  async readEvents(positions: EventPosition[], maxBytes: number): Promise<EventFacts[]> {
    const args = positions.flatMap(({ run, offset }) => [run, offset]);
    const found = (await this.link.call((client) =>
      readEvents.runForBytes(client, this.#eventKeys(positions), maxBytes, ...args),
    )) as [Buffer, Buffer, number, number, Buffer][];
    return found.map(([holder, written, isFinal, length, bytes]) => ({
      holder: holder.toString(),
      written: written.toString(),
      isFinal: isFinal === 1,
      length,
      bytes,
    }));
  }

  async beat(report: WorkerReport): Promise<void> {
    const { workers, workerFacts, capacity, counters, meta } = this.keys;
    const { workerId, aliveMs, concurrency, lingering, completed, failed, timedOut, ended, serviceMs } =
      report;
    const globalConcurrency = report.globalConcurrency ?? '';
    const args = [
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
    ];
    const names = [workers, workerFacts, capacity, counters, meta];
    await this.link.write((client) => beat.run(client, names, ...args));
  }

  /** The code with which Redis refuses writes (`OOM`), `null` when it accepts them. Writes only after a refusal. */
  async readRefusal(): Promise<string | null> {
    if (this.link.refusal !== null) {
      const probe = (client: RedisClient): Promise<number> =>
        client.hincrby(this.keys.counters, 'rejected', 0);
      await this.link.write(probe).catch(() => {});
    }
    return this.link.refusal;
  }

  async readStats(): Promise<QueueStats> {
    const { wait, prioritized, active, capacity, workers, counters } = this.keys;
    const names = [wait, prioritized, active, capacity, workers, counters];
    return toQueueStats(await this.#run(readStats, names, this.keys.task('')));
  }

  async #stop(
    taskId: string,
    status: 'timeout' | 'killed',
    reason: WorkerPoolError,
    leavingInterestId: string,
  ): Promise<boolean> {
    const { keys } = this;
    const result: TaskResult = stoppedResult(taskId, status, reason);
    const names = [
      keys.task(taskId),
      keys.wait,
      keys.prioritized,
      keys.completed,
      keys.events,
      keys.counters,
    ];
    const stopped = await this.#run(
      stop,
      names,
      taskId,
      keys.deduplication,
      COUNTER_OF[status],
      JSON.stringify(result),
      Date.now(),
      leavingInterestId,
      keys.stops,
      EVENT_STREAM_LENGTH,
    );
    return stopped !== 0;
  }

  #eventKeys(tasks: { taskId: string }[]): string[] {
    return tasks.flatMap(({ taskId }) => [this.keys.task(taskId), this.keys.eventLog(taskId)]);
  }

  #run(script: Script, keys: string[], ...args: ScriptArgument[]): Promise<unknown> {
    return this.link.call((client) => script.run(client, keys, ...args));
  }
}
