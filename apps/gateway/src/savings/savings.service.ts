import { randomUUID } from 'node:crypto';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { MAX_TALLY_FIELDS, RedisCacheService } from 'nestjs-redis-cache';
import type { Completion, TokenUsage } from 'nestjs-worker-pool';
import type { CompletionAnswer } from '../completions/completion-call.js';
import { type SavingsMetric, SavingsTable } from './savings-table.js';

const TALLY = 'savings';
const FLUSH_MS = 1_000;
/** How long it is remembered that a task was counted: processes hear of its end within seconds. */
const TOLD_MS = 600_000;

/** A batch on its way to Redis. */
interface Batch {
  readonly sequence: number;
  readonly increments: Readonly<Record<string, number>>;
}

/** What one hit saves. Tokens are those read and written, `cost` is in US dollars. */
export interface HitFacts {
  readonly model: string;
  readonly tokens: number;
  readonly cost: number;
}

/** What has been saved so far. */
export interface SavingsReading {
  /** Of all processes, those of this one up to now, those of others up to about a second ago. */
  readonly table: SavingsTable;
  /** `false` while Redis is away: the other processes' share is as it was when it was last read. */
  readonly shared: boolean;
}

/**
 * What the cache saves, added up over processes and restarts. Counts are collected here and sent to Redis
 * about once a second; while it is away they wait, and each batch is sent until it is confirmed, which counts
 * it once.
 */
@Injectable()
export class SavingsService implements OnApplicationShutdown {
  readonly #logger = new Logger(SavingsService.name);
  readonly #writer = randomUUID();
  #pending = new SavingsTable();
  readonly #tasks = new RecentIds();
  /** Tasks of which it is not known yet whether another process has counted them. */
  readonly #spending = new Set<Promise<void>>();
  readonly #batches: Batch[] = [];
  #sequence = 0;
  #known = new SavingsTable();
  #timer: NodeJS.Timeout | undefined;
  /** Flushes and readings, one after the other: a reading never meets a batch half-way. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly cache: RedisCacheService) {}

  /** Counts an answer, and what it would have cost where it cost nothing. */
  countAnswer(tenant: string, { result, cacheStatus }: CompletionAnswer): void {
    const counts = this.#pending.of(tenant, result.value.model);
    const metric = metricOf(cacheStatus);
    counts[metric] += 1;
    if (metric === 'hits' || metric === 'stale' || metric === 'collapsed') {
      counts.tokens_saved += tokensOf(result.value.usage);
      counts.cost_saved += result.value.cost;
      // Who waited for another's computation has waited, too.
      if (metric !== 'collapsed') counts.seconds_saved += (result.durationMs ?? 0) / 1_000;
    }
    this.#schedule();
  }

  /** Counts a hit whose facts are known already, as `countAnswer` would. */
  countHit(tenant: string, { model, tokens, cost }: HitFacts, durationMs: number | null): void {
    const counts = this.#pending.of(tenant, model);
    counts.hits += 1;
    counts.tokens_saved += tokens;
    counts.cost_saved += cost;
    counts.seconds_saved += (durationMs ?? 0) / 1_000;
    this.#schedule();
  }

  /** Counts what a task cost, once for all who waited for it, in whatever process. */
  countSpending(tenant: string, completion: Completion, taskId: string): void {
    if (!this.#tasks.add(taskId)) return;
    const counted = this.#countFirst(tenant, completion, taskId).finally(() =>
      this.#spending.delete(counted),
    );
    this.#spending.add(counted);
  }

  // While Redis is away nobody can be asked: then a task that processes share may be counted by each.
  async #countFirst(tenant: string, { model, usage, cost }: Completion, taskId: string): Promise<void> {
    const told = await this.cache.sharedCounters.countInWindow(`spent:${taskId}`, TOLD_MS, 1);
    if (told !== null && told.count > 1) return;
    const counts = this.#pending.of(tenant, model);
    counts.tokens_spent += tokensOf(usage);
    counts.cost_spent += cost;
    this.#schedule();
  }

  /** Everything so far. */
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

  async onApplicationShutdown(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#inTurn(() => this.#flush());
  }

  // One timer for all that is counted until it fires.
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
      this.#takePending();
      const [batch] = this.#batches;
      if (batch === undefined) return;
      if (!(await this.#send(batch))) break;
      this.#batches.shift();
    }
    this.#schedule();
  }

  /** Whether a batch is done with: counted, or one that never can be, which would hold up all behind it. */
  async #send({ sequence, increments }: Batch): Promise<boolean> {
    try {
      return await this.cache.sharedCounters.add(TALLY, increments, { writer: this.#writer, sequence });
    } catch (error) {
      this.#logger.error(`A batch of savings cannot be counted and is dropped: ${(error as Error).message}`);
      return true;
    }
  }

  #takePending(): void {
    if (this.#pending.isEmpty || this.#batches.length > 0) return;
    const fields = [...this.#pending.fields()];
    this.#pending = new SavingsTable();
    for (let at = 0; at < fields.length; at += MAX_TALLY_FIELDS) {
      const increments = Object.fromEntries(fields.slice(at, at + MAX_TALLY_FIELDS));
      this.#batches.push({ sequence: (this.#sequence += 1), increments });
    }
  }
}

function metricOf(cacheStatus: CompletionAnswer['cacheStatus']): SavingsMetric {
  if (cacheStatus.outcome === 'hit') return 'hits';
  if (cacheStatus.outcome !== 'forward') return 'bypassed';
  if (cacheStatus.collapsed) return 'collapsed';
  if (cacheStatus.reason === 'stale') return 'stale';
  return cacheStatus.reason === 'miss' ? 'misses' : 'bypassed';
}

const MAX_IDS = 10_000;

/** Remembers the latest ids, so many that none of them comes again later. */
export class RecentIds {
  readonly #ids = new Set<string>();

  /** `false` when it is known already. */
  add(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > MAX_IDS) this.#ids.delete(this.#ids.values().next().value!);
    return true;
  }
}

/** All tokens that were read or written, those of the model's own cache included. */
export function tokensOf(usage: TokenUsage): number {
  const { cache_creation_input_tokens: stored, cache_read_input_tokens: reread } = usage;
  return usage.input_tokens + usage.output_tokens + (stored ?? 0) + (reread ?? 0);
}
