import type { Job } from 'bullmq';
import { MAX_NESTING } from 'nestjs-redis-connection';
import {
  ExecutorError,
  ResultTooLargeError,
  TaskTimeoutError,
  type WorkerPoolError,
} from '../contract/errors.js';
import type { TaskResult } from '../contract/task.js';
import { MAX_TIMER_MS } from '../contract/validation.js';
import { describeFailure, failedResult, freezeDeep, stoppedResult } from '../tasks/task-results.js';
import type { TaskRunner } from '../tasks/task-runner.js';
import type { EventText, EventWriter, WrittenRun } from './event-writer.js';
import type { TaskData } from './producer.js';
import type { QueueCommands } from './queue-commands.js';
import { judgeRecord, readRecord } from './record-limits.js';
import { DAMAGED } from './stored-task.js';

/** Why a run ended before its executor settled. */
export type Interruption =
  /** Its time limit; `recorded` resolves to whether the queue has the result. */
  | { kind: 'timeout'; result: TaskResult; recorded: Promise<boolean> }
  /** The task was stopped; its result is in the queue. */
  | { kind: 'stopped' }
  /** The claim was lost: another worker may have the task. */
  | { kind: 'lost' }
  /** This worker is closing and returns the task to the queue. */
  | { kind: 'returned' };

/** A task that this worker has claimed. */
export class ClaimedTask {
  readonly #controller = new AbortController();
  /** Resolves when the worker no longer waits for the executor. */
  readonly whenReleased: Promise<void>;
  release!: () => void;
  #interruption: Interruption | null = null;

  constructor(
    readonly taskId: string,
    readonly token: string,
  ) {
    this.whenReleased = new Promise((resolve) => {
      this.release = resolve;
    });
  }

  /** The executor's signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get interruption(): Interruption | null {
    return this.#interruption;
  }

  /** Only the first interruption has an effect. */
  interrupt(interruption: Interruption, reason: WorkerPoolError): void {
    if (this.#interruption) {
      return;
    }
    this.#interruption = interruption;
    this.#controller.abort(reason);
  }
}

/** The run as the first line of its log: how often the task was started, and the token of the claim. */
function writtenRun({ taskId, token, signal }: ClaimedTask, { attemptsStarted }: Job<TaskData>): WrittenRun {
  return { taskId, run: `${attemptsStarted}:${token}`, signal };
}

const NO_RECORD = `the completion is no JSON that is nested at most ${MAX_NESTING} levels deep`;

/** Stands for the outcome of a run that produced no result: its task continues elsewhere. */
export const NO_OUTCOME = Symbol('no outcome');

type Outcome = TaskResult | null | typeof NO_OUTCOME;

/** Runs one claimed task, from the call of the executor to the result for the queue. */
export class TaskProcessor {
  constructor(
    private readonly runner: TaskRunner,
    private readonly commands: QueueCommands,
    private readonly writer: EventWriter,
    private readonly limits: { maxRequestBytes: number; maxResultBytes: number; executorName: string },
  ) {}

  /**
   * Resolves when the executor has settled: until then the task counts towards `concurrency`. The outcome is `null`
   * when the queue already has the result.
   */
  async run(task: ClaimedTask, job: Job<TaskData>): Promise<Outcome> {
    if (!this.#isReadable(job.data)) return failedResult(task.taskId, DAMAGED);
    const { isStreamed = false, timeoutMs } = job.data;
    const events = isStreamed ? this.writer.open(writtenRun(task, job)) : null;
    const timer = setTimeout(() => this.#timeOut(task, timeoutMs), timeoutMs);
    try {
      const result = await this.#execute(task, job, events);
      clearTimeout(timer);
      if (result) {
        await events?.finish();
      }
      return await this.#outcomeOf(task, result);
    } finally {
      clearTimeout(timer);
      if (events) this.writer.close(events);
    }
  }

  /** Another program, or a producer with other limits, may have written the record; BullMQ has parsed it. */
  #isReadable(data: TaskData | null | undefined): boolean {
    const isTask =
      isObject(data?.request) && typeof data?.timeoutMs === 'number' && data.timeoutMs <= MAX_TIMER_MS;
    return isTask && readRecord(data, this.limits.maxRequestBytes) !== undefined;
  }

  #execute(task: ClaimedTask, job: Job<TaskData>, events: EventText | null): Promise<TaskResult | void> {
    const { taskId, signal } = task;
    const { request, context } = job.data;
    const run = { taskId, request, signal, context: freezeDeep(context) };
    const result = this.runner.run(events ? { ...run, emit: events.emit } : run);
    return Promise.race([result, task.whenReleased]);
  }

  #timeOut(task: ClaimedTask, timeoutMs: number): void {
    const reason = new TaskTimeoutError(timeoutMs);
    const result = stoppedResult(task.taskId, 'timeout', reason);
    // Recorded now, for the waiters: the executor may take a while to stop.
    const recorded = this.commands.stop(task.taskId, 'timeout', reason).catch(() => false);
    task.interrupt({ kind: 'timeout', result, recorded }, reason);
  }

  async #outcomeOf(task: ClaimedTask, result: TaskResult | void): Promise<Outcome> {
    const { interruption } = task;
    if (interruption?.kind === 'timeout') {
      return (await interruption.recorded) ? null : interruption.result;
    }
    if (interruption?.kind === 'stopped') {
      return null;
    }
    return interruption || !result ? NO_OUTCOME : this.#withinLimit(result);
  }

  #withinLimit(result: TaskResult): TaskResult {
    const { maxResultBytes, executorName } = this.limits;
    const judgement = judgeRecord(result, maxResultBytes);
    if (judgement === 'fits') return result;
    const failure =
      judgement === 'noJson' ? new ExecutorError(NO_RECORD) : new ResultTooLargeError(maxResultBytes);
    return failedResult(result.taskId, describeFailure(executorName, failure));
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
