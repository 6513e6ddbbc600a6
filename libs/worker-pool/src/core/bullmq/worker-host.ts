import { randomUUID } from 'node:crypto';
import type { Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { atMost, BLOCK_MS, endClient, type RedisClient } from 'nestjs-redis-connection';
import { PoolClosedError, TaskCancelledError, TaskClaimLostError } from '../contract/errors.js';
import type { TaskResult } from '../contract/task.js';
import type { ResolvedBullmqOptions } from '../options/pool-options.js';
import { TaskRunner } from '../tasks/task-runner.js';
import { openClient, type Packages, type SharedByClients } from './clients.js';
import { EventWriter } from './event-writer.js';
import type { TaskData } from './producer.js';
import type { ClaimState, QueueCommands } from './queue-commands.js';
import type { QueueKeys } from './queue-keys.js';
import type { QueueLink } from './queue-link.js';
import { ClaimedTask, NO_OUTCOME, TaskProcessor } from './task-processor.js';
import { WorkerCounters } from './worker-report.js';

/** Interval of heartbeats, and how long a worker counts as alive after one, in milliseconds. */
const BEAT_MS = 1_000;
const ALIVE_MS = 5_000;
/** Interval of claim checks, which find stops whose notification was missed, in milliseconds. */
const CLAIM_CHECK_MS = 500;
/** Maximum time to close after the tasks have ended or been returned, in milliseconds. */
const CLOSE_MS = 2_000;
/** Pause before BullMQ repeats what a lost connection interrupted, in milliseconds. */
const RETRY_MS = 200;

/** Dependencies of a {@link WorkerHost}. */
export interface WorkerHostParts {
  options: ResolvedBullmqOptions;
  packages: Packages;
  link: QueueLink;
  commands: QueueCommands;
  keys: QueueKeys;
  patient: RedisClient;
  shared: SharedByClients;
}

/** The worker in this process: claims tasks from the queue, runs them, and stops those that were cancelled or lost. */
export class WorkerHost {
  readonly #workerId = randomUUID();
  readonly #tasks = new Map<string, ClaimedTask>();
  readonly #jobs = new Map<string, Job<TaskData>>();
  readonly #counters = new WorkerCounters();
  readonly #processor: TaskProcessor;
  readonly #worker: Worker<TaskData, TaskResult | null>;
  readonly #stops: RedisClient;
  readonly #beatTimer: NodeJS.Timeout;
  readonly #claimTimer: NodeJS.Timeout;
  #closing: Promise<void> | undefined;
  #endDrain: () => void = () => {};

  constructor(private readonly parts: WorkerHostParts) {
    const { options, commands, link, shared } = parts;
    const { executor, logger } = options;
    const limits = { ...options, executorName: executor.name };
    const writer = new EventWriter(link, commands, options, shared.faults);
    const runner = new TaskRunner(executor, logger, options.queueName);
    this.#processor = new TaskProcessor(runner, commands, writer, limits);
    this.#stops = this.#listenForStops();
    this.#worker = this.#startWorker();
    this.#beatTimer = setInterval(() => void this.#beat(ALIVE_MS), BEAT_MS);
    this.#claimTimer = setInterval(() => void this.#checkClaims(), CLAIM_CHECK_MS);
    link.onUp(() => {
      void this.#beat(ALIVE_MS);
      void this.#checkClaims();
    });
    void this.#beat(ALIVE_MS);
  }

  /**
   * Claims no more tasks, lets running ones continue for the given time, and returns the rest to the queue. Resolves
   * within about three seconds after that, even when Redis is unavailable. A later call may shorten the time.
   */
  async close(drainMs: number): Promise<void> {
    const timer = setTimeout(() => this.#endDrain(), drainMs);
    await (this.#closing ??= this.#shutDown());
    clearTimeout(timer);
  }

  async #shutDown(): Promise<void> {
    const drained = new Promise<void>((resolve) => (this.#endDrain = resolve));
    await this.#worker.pause(true);
    this.#checkIdle();
    await drained;
    await Promise.all([...this.#tasks.values()].map((task) => this.#return(task)));
    clearInterval(this.#beatTimer);
    clearInterval(this.#claimTimer);
    // Forced while Redis is unavailable: BullMQ would wait for the lost connection.
    const closed = this.#worker.close(!this.parts.link.isUp);
    await atMost(CLOSE_MS, Promise.all([closed, this.#beat(0)]), undefined);
    endClient(this.#stops);
  }

  #checkIdle(): void {
    if (this.#tasks.size === 0) {
      this.#endDrain();
    }
  }

  #startWorker(): Worker<TaskData, TaskResult | null> {
    const { options, packages, keys, patient } = this.parts;
    const {
      concurrency,
      maxAttempts,
      lockDurationMs,
      stalledIntervalMs,
      resultTtlMs,
      maxResults,
      rateLimit,
    } = options;
    const keep = { age: Math.ceil(resultTtlMs / 1_000), count: maxResults };
    const worker = new packages.bullmq.Worker<TaskData, TaskResult | null>(
      options.queueName,
      (job, token = '') => this.#process(job, token),
      {
        connection: patient,
        prefix: keys.prefix,
        skipVersionCheck: true,
        concurrency,
        lockDuration: lockDurationMs,
        stalledInterval: stalledIntervalMs,
        maxStalledCount: maxAttempts - 1,
        runRetryDelay: RETRY_MS,
        drainDelay: BLOCK_MS / 1_000,
        removeOnComplete: keep,
        removeOnFail: keep,
        ...(rateLimit && { limiter: { max: rateLimit.max, duration: rateLimit.durationMs } }),
      },
    );
    worker.on('lockRenewalFailed', () => void this.#checkClaims());
    worker.on('error', this.parts.shared.faults.report);
    return worker;
  }

  async #process(job: Job<TaskData>, token: string): Promise<TaskResult | null> {
    const { WaitingError } = this.parts.packages.bullmq;
    const task = new ClaimedTask(String(job.id), token);
    this.#tasks.set(task.taskId, task);
    this.#jobs.set(task.taskId, job);
    try {
      if (await this.#mustNotStart(task, job)) {
        return null;
      }
      const startedAt = performance.now();
      const outcome = await this.#processor.run(task, job);
      this.#counters.ran(performance.now() - startedAt);
      if (outcome === NO_OUTCOME) {
        // Tells BullMQ that the task is back in the queue.
        throw new WaitingError();
      }
      if (outcome) {
        this.#counters.ended(outcome);
      }
      return outcome;
    } finally {
      this.#tasks.delete(task.taskId);
      this.#jobs.delete(task.taskId);
      this.#checkIdle();
    }
  }

  /** A task that was stopped after its worker died is delivered again, and must not run. */
  async #mustNotStart(task: ClaimedTask, job: Job<TaskData>): Promise<boolean> {
    if (this.#closing) {
      await this.#return(task);
      throw new this.parts.packages.bullmq.WaitingError();
    }
    if (job.attemptsStarted < 2) {
      return false;
    }
    await this.#checkClaims();
    return task.interruption?.kind === 'stopped';
  }

  async #return(task: ClaimedTask): Promise<void> {
    task.interrupt({ kind: 'returned' }, new PoolClosedError());
    const returned = this.#jobs.get(task.taskId)?.moveToWait(task.token);
    // While Redis is unavailable this fails; then the claim expires and another worker takes the task.
    await atMost(this.parts.options.commandTimeoutMs, Promise.resolve(returned), undefined);
    task.release();
  }

  async #checkClaims(): Promise<void> {
    const tasks = [...this.#tasks.values()].filter(({ interruption }) => interruption === null);
    if (tasks.length === 0 || !this.parts.link.isUp) {
      return;
    }
    try {
      const states = await this.parts.commands.checkClaims(tasks);
      tasks.forEach((task, index) => this.#apply(task, states[index] ?? ''));
    } catch (error) {
      this.parts.shared.faults.report(error);
    }
  }

  #apply(task: ClaimedTask, state: ClaimState): void {
    if (state === '' || !this.#tasks.has(task.taskId)) {
      return;
    }
    const reason = state === 'stopped' ? new TaskCancelledError() : new TaskClaimLostError();
    task.interrupt({ kind: state }, reason);
  }

  #listenForStops(): RedisClient {
    const { packages, options, keys, shared } = this.parts;
    const subscriber = openClient(packages, options, 'patient', shared);
    (subscriber as Redis).on('message', (_channel, taskId: string) => {
      if (this.#tasks.has(taskId)) {
        void this.#checkClaims();
      }
    });
    // ioredis subscribes again after every reconnect.
    subscriber.subscribe(keys.stops).catch(shared.faults.report);
    return subscriber;
  }

  async #beat(aliveMs: number): Promise<void> {
    const { options, commands, link } = this.parts;
    if (!link.isUp) {
      return;
    }
    const counts = this.#counters.take();
    const lingering = [...this.#tasks.values()].filter(({ interruption }) => interruption !== null).length;
    const { concurrency, globalConcurrency } = options;
    const workerId = this.#workerId;
    try {
      await commands.beat({ ...counts, workerId, aliveMs, concurrency, lingering, globalConcurrency });
    } catch (error) {
      this.#counters.restore(counts);
      this.parts.shared.faults.report(error);
    }
  }
}
