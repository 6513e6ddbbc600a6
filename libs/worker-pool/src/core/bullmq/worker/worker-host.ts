import { randomUUID } from 'node:crypto';
import type { Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { Logger } from '@nestjs/common';
import { atMost, BLOCK_MS, endClient, type RedisClient } from 'nestjs-redis-connection';
import { PoolClosedError } from '../../errors/pool-closed.error.js';
import { TaskCancelledError } from '../../errors/task-cancelled.error.js';
import { TaskClaimLostError } from '../../errors/task-claim-lost.error.js';
import type { TaskResult } from '../../contract/task.js';
import { TaskRunner } from '../../tasks/task-runner.js';
import type { ResolvedBullmqOptions } from '../../options/bullmq-options.schema.js';
import { openClient } from '../connection/open-client.js';
import { isConnectionProblem, type QueueLink } from '../connection/queue-link.js';
import type { Packages } from '../packages.js';
import type { TaskData } from '../producer.js';
import type { QueueCommands, Verdict } from '../queue-commands.js';
import type { QueueKeys } from '../queue-keys.js';
import { ClaimedTask } from './claimed-task.js';
import { NO_OUTCOME, TaskProcessor } from './task-processor.js';
import { WorkerLedger } from './worker-ledger.js';

/** How often a worker shows that it lives, in milliseconds, and for how long each time holds. */
const BEAT_MS = 1_000;
const ALIVE_MS = 5_000;
/** How often it looks whether it may go on with what it runs, should a nudge not have reached it. */
const CLAIM_CHECK_MS = 500;
/** What closing may take after the tasks are done or given back. */
const CLOSE_MS = 2_000;
/** BullMQ waits so long before it tries again what a lost connection interrupted. */
const RETRY_MS = 200;

/** What a host is built from. */
export interface WorkerHostParts {
  options: ResolvedBullmqOptions;
  packages: Packages;
  link: QueueLink;
  commands: QueueCommands;
  keys: QueueKeys;
  patient: RedisClient;
}

/** The worker in this process: takes tasks out of the queue, runs them, and stops those that it must. */
export class WorkerHost {
  readonly #logger = new Logger('WorkerPool');
  readonly #workerId = randomUUID();
  readonly #tasks = new Map<string, ClaimedTask>();
  readonly #jobs = new Map<string, Job<TaskData>>();
  readonly #ledger = new WorkerLedger();
  readonly #processor: TaskProcessor;
  readonly #worker: Worker<TaskData, TaskResult | null>;
  readonly #nudges: RedisClient;
  readonly #beatTimer: NodeJS.Timeout;
  readonly #claimTimer: NodeJS.Timeout;
  #isDraining = false;
  #onIdle: () => void = () => {};

  constructor(private readonly parts: WorkerHostParts) {
    const { options, commands, link } = parts;
    const { executor, maxResultBytes } = options;
    const limits = { maxResultBytes, executorName: executor.name };
    this.#processor = new TaskProcessor(new TaskRunner(executor), commands, limits);
    this.#nudges = this.#listenForNudges();
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
   * Takes nothing more, lets tasks go on for `drainTimeoutMs`, gives the rest back to the queue, and is done
   * within three seconds or so after that, whatever Redis does.
   */
  async close(): Promise<void> {
    this.#isDraining = true;
    await this.#worker.pause(true);
    await atMost(this.parts.options.drainTimeoutMs, this.#whenIdle(), undefined);
    await Promise.all([...this.#tasks.values()].map((task) => this.#giveBack(task)));
    clearInterval(this.#beatTimer);
    clearInterval(this.#claimTimer);
    // By force where there is nobody to take leave of: BullMQ would wait for a connection that is gone.
    const closed = this.#worker.close(!this.parts.link.isUp);
    await atMost(CLOSE_MS, Promise.all([closed, this.#beat(0)]), undefined);
    endClient(this.#nudges);
  }

  #whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      this.#tellIfIdle();
    });
  }

  #tellIfIdle(): void {
    if (this.#tasks.size === 0) {
      this.#onIdle();
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
    worker.on('error', (error) => this.#report(error));
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
      this.#ledger.ran(performance.now() - startedAt);
      if (outcome === NO_OUTCOME) {
        // BullMQ leaves a task alone whose run says that it is back in the queue.
        throw new WaitingError();
      }
      if (outcome) {
        this.#ledger.ended(outcome);
      }
      return outcome;
    } finally {
      this.#tasks.delete(task.taskId);
      this.#jobs.delete(task.taskId);
      this.#tellIfIdle();
    }
  }

  /** A task that was stopped while its worker was dead comes back to be run again. */
  async #mustNotStart(task: ClaimedTask, job: Job<TaskData>): Promise<boolean> {
    if (this.#isDraining) {
      await this.#giveBack(task);
      throw new this.parts.packages.bullmq.WaitingError();
    }
    if (job.attemptsStarted < 2) {
      return false;
    }
    await this.#checkClaims();
    return task.interruption?.kind === 'stopped';
  }

  async #giveBack(task: ClaimedTask): Promise<void> {
    task.interrupt({ kind: 'returned' }, new PoolClosedError());
    const returned = this.#jobs.get(task.taskId)?.moveToWait(task.token);
    // When Redis is away the claim runs out there, and another worker takes the task.
    await atMost(this.parts.options.commandTimeoutMs, Promise.resolve(returned), undefined);
    task.letGo();
  }

  async #checkClaims(): Promise<void> {
    const tasks = [...this.#tasks.values()].filter(({ interruption }) => interruption === null);
    if (tasks.length === 0 || !this.parts.link.isUp) {
      return;
    }
    try {
      const verdicts = await this.parts.commands.checkClaims(tasks);
      tasks.forEach((task, index) => this.#obey(task, verdicts[index] ?? ''));
    } catch (error) {
      this.#report(error);
    }
  }

  #obey(task: ClaimedTask, verdict: Verdict): void {
    if (verdict === '' || !this.#tasks.has(task.taskId)) {
      return;
    }
    const reason = verdict === 'stopped' ? new TaskCancelledError() : new TaskClaimLostError();
    task.interrupt({ kind: verdict }, reason);
  }

  #listenForNudges(): RedisClient {
    const { packages, options, keys } = this.parts;
    const subscriber = openClient(packages, options, 'patient');
    (subscriber as Redis).on('message', (_channel, taskId: string) => {
      if (this.#tasks.has(taskId)) {
        void this.#checkClaims();
      }
    });
    // It subscribes again by itself whenever it is connected again.
    subscriber.subscribe(keys.nudges).catch((error: unknown) => this.#report(error));
    return subscriber;
  }

  async #beat(aliveMs: number): Promise<void> {
    const { options, commands, link } = this.parts;
    if (!link.isUp) {
      return;
    }
    const page = this.#ledger.take();
    const lingering = [...this.#tasks.values()].filter(({ interruption }) => interruption !== null).length;
    const { concurrency, globalConcurrency } = options;
    const workerId = this.#workerId;
    try {
      await commands.beat({ ...page, workerId, aliveMs, concurrency, lingering, globalConcurrency });
    } catch (error) {
      this.#ledger.putBack(page);
      this.#report(error);
    }
  }

  // That Redis is away shows in the pool's health; a line for every call that meets it would drown the log.
  #report(error: unknown): void {
    if (!isConnectionProblem(error) && !this.#isDraining) {
      this.#logger.warn(error instanceof Error ? error.message : String(error));
    }
  }
}
