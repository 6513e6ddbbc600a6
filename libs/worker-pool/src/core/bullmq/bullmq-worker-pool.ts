import { randomUUID } from 'node:crypto';
import { MAX_NESTING } from 'nestjs-redis-connection';
import type { CompletionRequest } from '../contract/completion-request.js';
import {
  PoolClosedError,
  PoolRoleError,
  PoolUnavailableError,
  InvalidRequestError,
  RequestTooLargeError,
  TaskCancelledError,
  TaskNotFoundError,
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
import type { ResolvedBullmqOptions } from '../options/pool-options.js';
import { EventStream } from '../tasks/event-stream.js';
import {
  checkGetResult,
  copyRequest,
  resolveSubmitOptions,
  RUN_OPTIONS,
  SUBMIT_OPTIONS,
  WATCH_OPTIONS,
} from '../tasks/submit-options.js';
import { waitForEnd } from '../tasks/waiting.js';
import { type Engine, openEngine } from './engine.js';
import { EngineLife } from './engine-life.js';
import { Fallback } from './fallback.js';
import type { Waiter } from './followers.js';
import type { Submission, TaskData } from './producer.js';
import type { Interest } from './queue-commands.js';
import { refusalIn } from './queue-link.js';
import { toHealth, toPoolStats, unavailableHealth } from './queue-stats.js';
import { judgeRecord } from './record-limits.js';
import { type Accepted, streamSource } from './stream-source.js';

/**
 * The pool over BullMQ: any number of producers and any number of workers, connected by one queue in Redis. The
 * options describe its guarantees beyond the contract.
 */
export class BullmqWorkerPool extends WorkerPool {
  readonly #options: ResolvedBullmqOptions;
  readonly #fallback: Fallback;
  readonly #life: EngineLife;
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedBullmqOptions) {
    super();
    this.#options = options;
    this.#fallback = new Fallback(options);
    this.#life = new EngineLife(() => openEngine(options), options.taskTimeoutMs);
  }

  get #engine(): Promise<Engine> {
    return this.#life.use();
  }

  override start(): void {
    this.#life.start();
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
    const submission = this.#toSubmission(request, options, 'submit');
    return (await (await this.#engine).producer.add(submission)).taskId;
  }

  async run(request: CompletionRequest, options: RunOptions = {}): Promise<TaskResult> {
    RUN_OPTIONS.check(options);
    options.signal?.throwIfAborted();
    const submission = this.#toSubmission(request, options, 'run');
    let accepted: Accepted;
    try {
      accepted = await this.#add(submission);
    } catch (error) {
      return this.#fallback.run(error, request, options);
    }
    return this.#waitFor(accepted, options.signal);
  }

  async stream(request: CompletionRequest, options: RunOptions = {}): Promise<TaskStream> {
    RUN_OPTIONS.check(options);
    options.signal?.throwIfAborted();
    const submission = this.#toSubmission(request, options, 'run', { isStreamed: true });
    let accepted: Accepted;
    try {
      accepted = await this.#add(submission);
    } catch (error) {
      return this.#fallback.stream(error, request, options);
    }
    const { signal } = options;
    const { taskId } = accepted.waiter;
    const source = streamSource(accepted, await this.#engine, () => this.getResult(taskId, { signal }));
    const stream = new EventStream(source, signal);
    signal?.throwIfAborted();
    return stream;
  }

  async getResult(taskId: string, options: GetResultOptions = {}): Promise<TaskResult> {
    checkGetResult(options);
    options.signal?.throwIfAborted();
    const { waiters } = await this.#engine;
    const waiter = waiters.open(taskId);
    try {
      const result = await this.#firstLook(taskId, waiter);
      return result ?? (await waitForEnd(taskId, waiter, options));
    } finally {
      waiters.close(waiter);
    }
  }

  async cancel(taskId: string): Promise<boolean> {
    if (await this.#fallback.cancel(taskId)) {
      return true;
    }
    return (await this.#open()).commands.stop(taskId, 'killed', new TaskCancelledError());
  }

  async getTask(taskId: string): Promise<TaskSnapshot | null> {
    const local = await this.#fallback.getTask(taskId);
    if (local) {
      return local;
    }
    const [snapshot] = await (await this.#open()).commands.readTasks([taskId]);
    return snapshot ?? null;
  }

  async *watchTask(
    taskId: string,
    options: WatchOptions = {},
  ): AsyncGenerator<TaskSnapshot, void, undefined> {
    WATCH_OPTIONS.check(options);
    const { signal } = options;
    signal?.throwIfAborted();
    const snapshot = await this.#find(taskId);
    const { waiters } = await this.#engine;
    const watch = waiters.watch(snapshot);
    try {
      yield* watch.read(signal);
    } finally {
      waiters.close(watch);
    }
  }

  async stats(): Promise<PoolStats> {
    const { commands } = await this.#open();
    try {
      return toPoolStats(await commands.readStats(), this.#options);
    } catch (error) {
      return this.#fallback.stats(error);
    }
  }

  async health(): Promise<PoolHealth> {
    try {
      const { commands } = await this.#open();
      const [stats, refusal] = await Promise.all([commands.readStats(), commands.readRefusal()]);
      return refusal === null ? toHealth(stats) : unavailableHealth(this.#options, refusal);
    } catch (error) {
      if (error instanceof PoolUnavailableError) {
        return unavailableHealth(this.#options, refusalIn(error));
      }
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  /** Adds or joins a task, and waits for its end from before it can have ended. */
  async #add(submission: Submission): Promise<Accepted> {
    const { producer, waiters } = await this.#engine;
    const waiter = waiters.open(submission.taskId);
    try {
      const acceptance = await producer.add(submission);
      waiters.accept(waiter, acceptance.taskId);
      return { waiter, acceptance };
    } catch (error) {
      waiters.close(waiter);
      throw error;
    }
  }

  async #waitFor({ waiter, acceptance }: Accepted, signal: AbortSignal | undefined): Promise<TaskResult> {
    const { commands, waiters } = await this.#engine;
    try {
      return await waitForEnd(waiter.taskId, waiter, { signal });
    } catch (reason) {
      if (signal?.aborted) {
        // The caller does not wait for the cancellation.
        commands.leave(acceptance).catch(() => {});
      }
      throw reason;
    } finally {
      waiters.close(waiter);
    }
  }

  /** The result of a task that has ended; `null` also when an outage hides the task, which `outageToleranceMs` limits. */
  async #firstLook(taskId: string, waiter: Waiter): Promise<TaskResult | null> {
    const { waiters } = await this.#engine;
    try {
      return waiters.found(waiter, await this.#find(taskId));
    } catch (error) {
      if (!(error instanceof PoolUnavailableError)) {
        throw error;
      }
      waiters.unknown(waiter);
      return null;
    }
  }

  async #find(taskId: string): Promise<TaskSnapshot> {
    const snapshot = await this.getTask(taskId);
    if (!snapshot) {
      throw new TaskNotFoundError(taskId);
    }
    return snapshot;
  }

  #toSubmission(
    request: CompletionRequest,
    options: SubmitOptions,
    interest: Interest,
    flags: Pick<TaskData, 'isStreamed'> = {},
  ): Submission {
    if (this.#closing) {
      throw new PoolClosedError();
    }
    if (this.#options.role === 'worker') {
      throw new PoolRoleError();
    }
    this.validate(request);
    const resolved = resolveSubmitOptions(options, this.#options.taskTimeoutMs);
    const { timeoutMs, context } = resolved;
    const data = { ...flags, request: copyRequest(request), timeoutMs, context };
    checkSize(data, this.#options.maxRequestBytes);
    return { taskId: randomUUID(), data, options: resolved, interest };
  }

  /** For calls that are allowed while the pool drains, but not after it has closed. */
  async #open(): Promise<Engine> {
    const engine = await this.#engine;
    if (engine.isClosed) {
      throw new PoolClosedError();
    }
    return engine;
  }

  async #shutDown(): Promise<void> {
    await this.#life.close();
    await this.#fallback.close();
  }
}

function checkSize(data: TaskData, maxBytes: number): void {
  const judgement = judgeRecord(data, maxBytes);
  if (judgement === 'tooLarge') throw new RequestTooLargeError(maxBytes);
  if (judgement === 'noJson') {
    const problem = `must be JSON that is nested at most ${MAX_NESTING} levels deep`;
    throw new InvalidRequestError('request', problem);
  }
}
