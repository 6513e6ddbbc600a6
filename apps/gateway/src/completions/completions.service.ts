import { Injectable } from '@nestjs/common';
import {
  cacheKey,
  type CacheResult,
  type FactoryContext,
  type GetOrSetOptions,
  RedisCacheService,
} from 'nestjs-redis-cache';
import { cacheStatusOf, forwarded, NO_DIRECTIVES, type RequestDirectives } from 'nestjs-redis-cache/http';
import { type Completion, type CompletionRequest, WorkerPool } from 'nestjs-worker-pool';
import { SavingsService } from '../savings/savings.service.js';
import { CallOptions, type CompletionAnswer, type CompletionOrder } from './completion-call.js';
import { KeyMemo } from './key-memo.js';
import { NotCachedError, TaskFailedError } from './errors.js';
import { contextWith } from '../pool/ticket-executor.js';
import { isCompletion, toCompletion } from '../pool/stored-completion.js';

type Policies = Pick<GetOrSetOptions, 'readPolicy' | 'writePolicy'>;

const AS_USUAL: Policies = {};
const ANEW: Policies = { readPolicy: 'no-cache' };
const UNSTORED: Policies = { readPolicy: 'no-cache', writePolicy: 'no-store' };

/** Checks the cache; on a miss submits to the pool, waits, and caches the completed result. */
@Injectable()
export class CompletionService {
  readonly #keys = new KeyMemo();
  readonly #makeKey = ({ tenant, request }: CompletionOrder): string => {
    this.pool.validate(request);
    const { executorName: executor } = this.pool;
    return completionKey(request, { tenant, executor, model: this.pool.resolveModel(request.model) });
  };

  constructor(
    private readonly cache: RedisCacheService,
    private readonly pool: WorkerPool,
    private readonly savings: SavingsService,
  ) {}

  /**
   * Answers a request. Requests of a tenant that mean the same are computed once, in all processes on one Redis.
   *
   * @throws {InvalidRequestError} a field that the executor cannot take
   * @throws {PoolSaturatedError} too many requests wait, and nothing is stored that would do
   * @throws {PoolClosedError} the server is shutting down
   * @throws {PoolUnavailableError} {@link TaskLostError} the queue's Redis was lost while the task was in it
   * @throws {TaskFailedError} the executor failed, or ran out of time
   * @throws {RemoteFactoryError} one of these, in another process that computed the same
   * @throws {NotCachedError} the request asks for what is stored, and nothing is
   * @throws the order's `signal.reason`
   */
  async complete(order: CompletionOrder): Promise<CompletionAnswer> {
    const answer = await this.#answer(order, this.keyOf(order), order.directives ?? NO_DIRECTIVES);
    this.savings.countAnswer(order.tenant, answer);
    return answer;
  }

  /**
   * What is stored for the order, unless it is too old for it; `null` where something has to be computed.
   *
   * @throws {InvalidRequestError} a field that the executor cannot take
   */
  async stored(order: CompletionOrder): Promise<CompletionAnswer | null> {
    const key = this.keyOf(order);
    const { noCache, noStore, maxAgeSeconds = Infinity } = order.directives ?? NO_DIRECTIVES;
    const answer = noCache || noStore ? null : await this.#stored(key, maxAgeSeconds);
    if (answer !== null) this.savings.countAnswer(order.tenant, answer);
    return answer;
  }

  /**
   * The key of the order's answer in the cache.
   *
   * @throws {InvalidRequestError} a field that the executor cannot take
   */
  keyOf(order: CompletionOrder): string {
    return this.#keys.keyOf(order, this.#makeKey);
  }

  async #answer(
    order: CompletionOrder,
    key: string,
    { onlyIfCached, noStore, noCache, maxAgeSeconds = Infinity }: RequestDirectives,
  ): Promise<CompletionAnswer> {
    if (onlyIfCached) return orRefuse(noStore || noCache ? null : await this.#stored(key, maxAgeSeconds));
    if (noStore) return asRequested(await this.#getOrSet(order, key, UNSTORED));
    if (noCache) return asRequested(await this.#getOrSet(order, key, ANEW));
    const result = await this.#getOrSet(order, key, AS_USUAL);
    if (isTooOld(result, maxAgeSeconds)) return asRequested(await this.#getOrSet(order, key, ANEW));
    if (!isCompletion(result.value)) return this.#asUsual(await this.#getOrSet(order, key, ANEW));
    return this.#asUsual(result);
  }

  #asUsual(result: CacheResult<Completion>): CompletionAnswer {
    return { result, cacheStatus: cacheStatusOf(result, this.cache.getStatus().writable) };
  }

  async #stored(key: string, maxAgeSeconds: number): Promise<CompletionAnswer | null> {
    const found = await this.cache.lookup(key);
    if (found.status !== 'hit' || !isCompletion(found.value)) return null;
    const result: CacheResult<Completion> = {
      ...found,
      value: found.value,
      source: 'redis',
      key,
      stored: true,
    };
    return isTooOld(result, maxAgeSeconds) ? null : this.#asUsual(result);
  }

  #getOrSet(order: CompletionOrder, key: string, policies: Policies): Promise<CacheResult<Completion>> {
    const compute = (context: FactoryContext): Promise<Completion> => this.#compute(order, key, context);
    return this.cache.getOrSetEntry(key, compute, new CallOptions(order, policies));
  }

  async #compute(
    { tenant, request }: CompletionOrder,
    key: string,
    { signal, ticket }: FactoryContext,
  ): Promise<Completion> {
    // Stored before the task ends, in this process too: until then others join it, from then on they find it.
    const context = contextWith(ticket);
    const result = await this.pool.run(request, { signal, deduplicationKey: key, context });
    if (result.status !== 'completed') throw new TaskFailedError(result);
    const completion = toCompletion(result);
    this.savings.countSpending(tenant, completion, result.taskId);
    return completion;
  }
}

function orRefuse(answer: CompletionAnswer | null): CompletionAnswer {
  if (answer === null) throw new NotCachedError();
  return answer;
}

function asRequested(result: CacheResult<Completion>): CompletionAnswer {
  return { result, cacheStatus: forwarded('request', { stored: result.stored }) };
}

function isTooOld({ source, ageSeconds }: CacheResult<unknown>, maxAgeSeconds: number): boolean {
  // Plain JSON of another program does not say how old it is.
  return source !== 'factory' && (ageSeconds ?? Infinity) > maxAgeSeconds;
}

/** Changes when the form of what is stored changes, so that old entries are not read as new ones. */
const SCHEMA_VERSION = 1;

/** What decides an answer beside the request. */
export interface KeyContext {
  /** Whose answer it is: tenants share none. */
  tenant: string;
  executor: string;
  /** The model that the request runs on, aliases resolved. */
  model: string;
}

/**
 * The cache key of a request: of everything that reaches the executor and decides the answer, which
 * `metadata` does not. Two models, two system prompts or two lengths are two answers, though the prompt be
 * the same.
 */
export function completionKey({ metadata: _, ...request }: CompletionRequest, context: KeyContext): string {
  return cacheKey({ ...request, ...context }, { schemaVersion: SCHEMA_VERSION });
}
