import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { MAX_TALLY_FIELDS, RedisCacheService } from 'nestjs-redis-cache';
import type { CacheStatus } from 'nestjs-redis-cache/http';
import type { Completion } from 'nestjs-worker-pool';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { type SavingsMetric, SavingsTable } from './savings-table.js';

const TALLY = 'savings';
const FLUSH_MS = 1_000;
const MAX_TASK_IDS = 10_000;
/**
 * How long it is remembered that a task was counted, here and in Redis. Each takes memory; a process that waits for a
 * task hears of its end within seconds, and waits out an outage of its Redis for 30 s at most.
 */
const COUNTED_MS = 120_000;

/** A batch that Redis has not confirmed yet. */
interface Batch {
  readonly sequence: number;
  readonly increments: Readonly<Record<string, number>>;
}

/** What computing an answer costs. Tokens are those read and written, `cost` is in US dollars. */
export interface AnswerCost {
  readonly model: string;
  readonly tokens: number;
  readonly cost: number;
}

/** The savings up to now. */
export interface SavingsReading {
  /** The counts of all processes: of this one up to now, of others up to about a second ago. */
  readonly table: SavingsTable;
  /** `false` while Redis is unavailable: the share of other processes is that of the last successful read. */
  readonly shared: boolean;
}

/**
 * Sums up what the cache saves, across processes and restarts. Counts are collected in memory and sent to Redis about
 * once a second. While it is unavailable they are kept, and each batch is sent until it is confirmed; its sequence
 * number makes Redis count it once.
 */
@Injectable()
export class SavingsService implements OnApplicationShutdown {
  readonly #logger = new Logger(SavingsService.name);
  readonly #writer = randomUUID();
  #pending = new SavingsTable();
  /** What this process has counted and batched since its start. */
  readonly #batched = new SavingsTable();
  /** When each task was counted, the earliest first. */
  readonly #countedTasks = new Map<string, number>();
  /** Pending checks whether another process has counted the task. */
  readonly #spending = new Set<Promise<void>>();
  readonly #batches: Batch[] = [];
  #sequence = 0;
  #known = new SavingsTable();
  #timer: NodeJS.Timeout | undefined;
  /** Serializes flushes and reads, so that a read never sees half of a batch. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly cache: RedisCacheService,
    @Inject(gatewayConfig.KEY) private readonly config: Pick<GatewayConfig, 'WORKER_POOL'>,
  ) {}

  /**
   * Counts an answer, and what it saved if it was not computed for this request.
   *
   * @param durationMs how long computing it took, if known
   */
  countAnswer(tenant: string, status: CacheStatus, answer: AnswerCost, durationMs: number | null): void {
    const counts = this.#pending.of(tenant, answer.model);
    const metric = metricOf(status);
    counts[metric] += 1;
    if (metric === 'hits' || metric === 'stale' || metric === 'collapsed') {
      counts.tokens_saved += answer.tokens;
      counts.cost_saved += answer.cost;
      // A collapsed request waited for the computation of another one.
      if (metric !== 'collapsed') counts.seconds_saved += (durationMs ?? 0) / 1_000;
    }
    this.#schedule();
  }

  /** Counts what a task cost, once for all requests that waited for it, in whichever process. */
  countSpending(tenant: string, completion: Completion, taskId: string): void {
    if (!this.#isNew(taskId)) return;
    const counted = this.#countFirst(tenant, completion, taskId).finally(() =>
      this.#spending.delete(counted),
    );
    this.#spending.add(counted);
  }

  #isNew(taskId: string): boolean {
    const tasks = this.#countedTasks;
    const now = performance.now();
    for (const [id, at] of tasks) {
      if (now - at < COUNTED_MS && tasks.size < MAX_TASK_IDS) break;
      tasks.delete(id);
    }
    if (tasks.has(taskId)) return false;
    tasks.set(taskId, now);
    return true;
  }

  async #countFirst(tenant: string, completion: Completion, taskId: string): Promise<void> {
    if (await this.#isCountedElsewhere(taskId)) return;
    const { model, tokens, cost } = costOf(completion);
    const counts = this.#pending.of(tenant, model);
    counts.tokens_spent += tokens;
    counts.cost_spent += cost;
    this.#schedule();
  }

  /** Tasks of a local pool belong to this process. Without Redis each process may count a task that several share. */
  async #isCountedElsewhere(taskId: string): Promise<boolean> {
    if (this.config.WORKER_POOL === 'local') return false;
    const window = await this.cache.sharedCounters.countInWindow(`spent:${taskId}`, COUNTED_MS, 1);
    return window !== null && window.count > 1;
  }

  /** Reads the counts of all processes. */
  async read(): Promise<SavingsReading> {
    return this.#inTurn(async () => {
      await this.#flush();
      const own = new SavingsTable().add(this.#pending);
      for (const { increments } of this.#batches) own.add(SavingsTable.fromFields(increments));
      const stored = await this.cache.sharedCounters.read(TALLY);
      if (stored !== null) this.#known = SavingsTable.fromFields(stored);
      return { table: own.add(this.#known), shared: stored !== null };
    });
  }

  /** What this process has counted since its start. */
  ownTotals(): SavingsTable {
    return new SavingsTable().add(this.#batched).add(this.#pending);
  }

  async onApplicationShutdown(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#inTurn(() => this.#flush());
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#inTurn(() => this.#flush());
    }, FLUSH_MS).unref();
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(action);
    this.#turn = result.catch(() => {});
    return result;
  }

  async #flush(): Promise<void> {
    await Promise.all(this.#spending);
    for (;;) {
      this.#batchPending();
      const [batch] = this.#batches;
      if (batch === undefined) return;
      if (!(await this.#send(batch))) break;
      this.#batches.shift();
    }
    this.#schedule();
  }

  /** Returns whether the batch is finished: confirmed, or dropped because it can never be counted. */
  async #send({ sequence, increments }: Batch): Promise<boolean> {
    try {
      return await this.cache.sharedCounters.add(TALLY, increments, { writer: this.#writer, sequence });
    } catch (error) {
      this.#logger.error(
        `A batch of savings was dropped because it cannot be counted: ${(error as Error).message}`,
      );
      return true;
    }
  }

  #batchPending(): void {
    if (this.#pending.isEmpty || this.#batches.length > 0) return;
    const fields = [...this.#pending.fields()];
    this.#batched.add(this.#pending);
    this.#pending = new SavingsTable();
    for (let at = 0; at < fields.length; at += MAX_TALLY_FIELDS) {
      const increments = Object.fromEntries(fields.slice(at, at + MAX_TALLY_FIELDS));
      this.#batches.push({ sequence: (this.#sequence += 1), increments });
    }
  }
}

function metricOf(cacheStatus: CacheStatus): SavingsMetric {
  if (cacheStatus.outcome === 'hit') return 'hits';
  if (cacheStatus.outcome !== 'forward') return 'bypassed';
  if (cacheStatus.collapsed) return 'collapsed';
  if (cacheStatus.reason === 'stale') return 'stale';
  return cacheStatus.reason === 'miss' ? 'misses' : 'bypassed';
}

/** What an answer costs to compute. All tokens read or written count, those of the model's own cache included. */
export function costOf({ model, cost, usage }: Completion): AnswerCost {
  const { cache_creation_input_tokens: written, cache_read_input_tokens: read } = usage;
  const tokens = usage.input_tokens + usage.output_tokens + (written ?? 0) + (read ?? 0);
  return { model, cost, tokens };
}
