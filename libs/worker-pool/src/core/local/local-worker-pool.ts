import type { CompletionRequest } from '../contract/completion-request.js';
import {
  PoolClosedError,
  PoolSaturatedError,
  TaskCancelledError,
  TaskNotFoundError,
  TaskTimeoutError,
  type WorkerPoolError,
} from '../contract/errors.js';
import type { PoolHealth, PoolStats, TaskResult, TaskSnapshot } from '../contract/task.js';
import {
  type GetResultOptions,
  type RunOptions,
  type SubmitOptions,
  type TaskStream,
  type WatchOptions,
  WorkerPool,
} from '../contract/worker-pool.js';
import type { ResolvedLocalOptions } from '../options/pool-options.js';
import { EventStream } from '../tasks/event-stream.js';
import { ServiceTimes } from '../tasks/service-times.js';
import {
  checkGetResult,
  copyRequest,
  resolveSubmitOptions,
  RUN_OPTIONS,
  SUBMIT_OPTIONS,
  WATCH_OPTIONS,
} from '../tasks/submit-options.js';
import { stoppedResult } from '../tasks/task-results.js';
import { TaskRunner } from '../tasks/task-runner.js';
import { waitForEnd } from '../tasks/waiting.js';
import { LocalTask } from './local-task.js';
import { PriorityQueue } from './priority-queue.js';
import { TaskCounters, TaskRegistry } from './task-registry.js';

/**
 * The pool in this process: at most `concurrency` concurrent runs, a bounded backlog (first in, first out within a
 * priority), and results that are kept for a limited time and number.
 *
 * A stopped task (time limit, `cancel`, shutdown) ends immediately for its waiters, but its worker is free only when
 * the executor has settled. An executor that ignores its signal therefore occupies its worker (`stats().lingering`);
 * otherwise more than `concurrency` executions would run.
 */
export class LocalWorkerPool extends WorkerPool {
  readonly #options: ResolvedLocalOptions;
  readonly #backlog = new PriorityQueue<LocalTask>();
  readonly #counters = new TaskCounters();
  readonly #serviceTimes = new ServiceTimes();
  readonly #registry: TaskRegistry;
  readonly #runner: TaskRunner;
  #busyWorkers = 0;
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedLocalOptions) {
    super();
    this.#options = options;
    this.#registry = new TaskRegistry(options);
    this.#runner = new TaskRunner(options.executor, options.logger);
  }

  get executorName(): string {
    return this.#options.executor.name;
  }

  resolveModel(model?: string): string {
    return this.#options.executor.resolveModel(model);
  }

  validate(request: CompletionRequest): void {
    this.#options.executor.validate(request);
  }

  async submit(request: CompletionRequest, options: SubmitOptions = {}): Promise<string> {
    SUBMIT_OPTIONS.check(options);
    const task = this.#enqueue(request, options);
    task.keep();
    return task.id;
  }

  async getResult(taskId: string, options: GetResultOptions = {}): Promise<TaskResult> {
    checkGetResult(options);
    options.signal?.throwIfAborted();
    const task = this.#registry.findActive(taskId);
    if (task) {
      return waitForEnd(task.id, task, options);
    }
    const result = this.#registry.snapshot(taskId)?.result;
    if (!result) {
      throw new TaskNotFoundError(taskId);
    }
    return result;
  }

  async run(request: CompletionRequest, options: RunOptions = {}): Promise<TaskResult> {
    RUN_OPTIONS.check(options);
    const { signal } = options;
    signal?.throwIfAborted();
    const task = this.#enqueue(request, options);
    const leave = task.join();
    try {
      return await waitForEnd(task.id, task, { signal });
    } catch (reason) {
      this.#leave(task, leave);
      throw reason;
    }
  }

  async stream(request: CompletionRequest, options: RunOptions = {}): Promise<TaskStream> {
    RUN_OPTIONS.check(options);
    const { signal } = options;
    signal?.throwIfAborted();
    const task = this.#enqueue(request, options, (found) => found.openEvents());
    const leave = task.join();
    const source = {
      taskId: task.id,
      log: task.openEvents(),
      ending: task,
      leave: () => this.#leave(task, leave),
      detach: () => {},
      getResult: () => this.getResult(task.id, { signal }),
    };
    return new EventStream(source, signal);
  }

  async cancel(taskId: string): Promise<boolean> {
    const task = this.#registry.findActive(taskId);
    return task ? this.#stop(task, 'killed', new TaskCancelledError()) : false;
  }

  async getTask(taskId: string): Promise<TaskSnapshot | null> {
    return this.#registry.snapshot(taskId) ?? null;
  }

  async *watchTask(
    taskId: string,
    options: WatchOptions = {},
  ): AsyncGenerator<TaskSnapshot, void, undefined> {
    WATCH_OPTIONS.check(options);
    const { signal } = options;
    signal?.throwIfAborted();
    const task = this.#registry.findActive(taskId);
    if (task) {
      return yield* task.watch(signal);
    }
    const snapshot = this.#registry.snapshot(taskId);
    if (!snapshot) {
      throw new TaskNotFoundError(taskId);
    }
    yield snapshot;
  }

  async stats(): Promise<PoolStats> {
    const { concurrency, maxBacklog } = this.#options;
    const pending = this.#backlog.size;
    const running = this.#registry.activeCount - pending;
    const isFree = this.#busyWorkers < concurrency;
    return {
      concurrency,
      maxBacklog,
      running,
      pending,
      lingering: this.#busyWorkers - running,
      oldestWaitMs: this.#oldestWaitMs(),
      meanServiceMs: this.#serviceTimes.meanMs,
      retryAfterMs: isFree ? 0 : this.#serviceTimes.estimateWaitMs(pending, concurrency),
      ...this.#counters.read(),
    };
  }

  async health(): Promise<PoolHealth> {
    return {
      status: this.#closing ? 'down' : 'up',
      driver: 'local',
      workers: 1,
      backlog: this.#backlog.size,
      oldestWaitMs: this.#oldestWaitMs(),
      warnings: [],
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  /**
   * Returns the active task with the same deduplication key, or a new one.
   *
   * @param prepare is called with the task before it can start, or when it is joined
   */
  #enqueue(
    request: CompletionRequest,
    options: SubmitOptions,
    prepare: (task: LocalTask) => void = () => {},
  ): LocalTask {
    if (this.#closing) {
      throw new PoolClosedError();
    }
    this.validate(request);
    const resolved = resolveSubmitOptions(options, this.#options.taskTimeoutMs);
    const known = this.#registry.findByKey(resolved.deduplicationKey);
    if (known) {
      prepare(known);
      return known;
    }
    this.#checkCapacity();
    const task = new LocalTask(copyRequest(request), resolved, this.#options.maxStreamBytes);
    prepare(task);
    this.#registry.add(task);
    this.#backlog.push(task);
    this.#startPending();
    return task;
  }

  #leave(task: LocalTask, leave: () => boolean): void {
    if (leave()) {
      this.#stop(task, 'killed', new TaskCancelledError());
    }
  }

  #checkCapacity(): void {
    const { concurrency, maxBacklog } = this.#options;
    const backlog = this.#backlog.size;
    if (this.#busyWorkers + backlog < concurrency + maxBacklog) {
      return;
    }
    this.#counters.rejected();
    const retryAfterMs = this.#serviceTimes.estimateWaitMs(backlog, concurrency);
    throw new PoolSaturatedError({ backlog, maxBacklog, retryAfterMs });
  }

  #oldestWaitMs(): number {
    const fronts = this.#backlog.fronts();
    return fronts.length === 0 ? 0 : Date.now() - Math.min(...fronts.map((task) => task.submittedAt));
  }

  #startPending(): void {
    while (this.#busyWorkers < this.#options.concurrency) {
      const task = this.#backlog.shift();
      if (!task) {
        return;
      }
      void this.#occupyWorker(task);
    }
  }

  async #occupyWorker(task: LocalTask): Promise<void> {
    this.#busyWorkers += 1;
    const startedAt = performance.now();
    task.start();
    const { timeoutMs } = task.options;
    const stop = (): boolean => this.#stop(task, 'timeout', new TaskTimeoutError(timeoutMs));
    const timer = setTimeout(stop, timeoutMs);
    task.onEnd(() => clearTimeout(timer));
    this.#end(task, await task.scope.runInAsyncScope(() => this.#runner.run(task.run)));
    this.#busyWorkers -= 1;
    this.#serviceTimes.record(performance.now() - startedAt);
    this.#startPending();
  }

  /** Returns `false` when the task had already ended. */
  #stop(task: LocalTask, status: 'timeout' | 'killed', reason: WorkerPoolError): boolean {
    this.#backlog.remove(task);
    const stopped = this.#end(task, stoppedResult(task.id, status, reason));
    if (stopped) {
      task.abort(reason);
    }
    return stopped;
  }

  #end(task: LocalTask, result: TaskResult): boolean {
    const ended = task.end(result);
    if (ended) {
      this.#registry.retire(task);
      this.#counters.ended(result);
    }
    return ended;
  }

  async #shutDown(): Promise<void> {
    const timeoutMs = this.#options.drainTimeoutMs;
    await Promise.allSettled(
      this.#registry.listActive().map((task) => waitForEnd(task.id, task, { timeoutMs })),
    );
    for (const task of this.#registry.listActive()) {
      this.#stop(task, 'killed', new PoolClosedError());
    }
    await this.#runner.close();
  }
}
