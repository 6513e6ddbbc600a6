import { Injectable } from '@nestjs/common';
import { cacheKey, type CacheResult, type FactoryContext, RedisCacheService } from 'nestjs-redis-cache';
import { cacheStatusOf, forwarded, RequestCachePolicy } from 'nestjs-redis-cache/http';
import { type Completion, WorkerPool } from 'nestjs-worker-pool';
import { isCompletion, toCompletion } from '../pool/stored-completion.js';
import { contextWith } from '../pool/ticket-executor.js';
import { costOf, SavingsService } from '../savings/savings.service.js';
import { CallOptions, type CompletionAnswer, type CompletionCall, policyOf } from './completion-call.js';
import { NotCachedError, TaskFailedError } from './errors.js';
import { keyFieldsOf } from './key-fields.js';

const { RECOMPUTE } = RequestCachePolicy;
/** Changes when the form of stored values changes, so that old entries are not read as new ones. */
const SCHEMA_VERSION = 1;

/** Checks the cache; on a miss submits to the pool, waits, and caches the completed result. */
@Injectable()
export class CompletionsService {
  constructor(
    private readonly cache: RedisCacheService,
    private readonly pool: WorkerPool,
    private readonly savings: SavingsService,
  ) {}

  /**
   * Returns the answer to a call. Equal requests of a tenant are computed once, in all processes on one Redis.
   *
   * @throws {InvalidRequestError} a field that the executor does not support
   * @throws {PoolSaturatedError} too many requests are waiting, and no stored answer is acceptable
   * @throws {PoolClosedError} the server is shutting down
   * @throws {PoolUnavailableError} {@link TaskLostError} the queue's Redis was lost while the task was in it
   * @throws {TaskFailedError} the executor failed, or exceeded its time limit
   * @throws {RemoteFactoryError} one of these, in another process that computed the same
   * @throws {NotCachedError} the call only allows a stored answer, and there is none
   * @throws the call's `signal.reason`
   */
  async complete(call: CompletionCall): Promise<CompletionAnswer> {
    const answer = await this.#answer(call, this.keyOf(call), policyOf(call));
    this.#count(call, answer);
    return answer;
  }

  /**
   * Returns the stored answer to a call; `null` if there is none that the call accepts.
   *
   * @throws {InvalidRequestError} a field that the executor does not support
   */
  async stored(call: CompletionCall): Promise<CompletionAnswer | null> {
    const key = this.keyOf(call);
    const answer = await this.#stored(key, policyOf(call));
    if (answer !== null) this.#count(call, answer);
    return answer;
  }

  /**
   * Returns the cache key of a call's answer: a hash of everything that reaches the executor and affects the answer, see
   * {@link keyFieldsOf}, of the tenant, and of the model after aliases are resolved.
   *
   * @throws {InvalidRequestError} a field that the executor does not support
   */
  keyOf({ tenant, request }: CompletionCall): string {
    this.pool.validate(request);
    const { executorName: executor } = this.pool;
    const model = this.pool.resolveModel(request.model);
    return cacheKey({ ...keyFieldsOf(request), tenant, executor, model }, { schemaVersion: SCHEMA_VERSION });
  }

  #count({ tenant }: CompletionCall, { result, cacheStatus }: CompletionAnswer): void {
    this.savings.countAnswer(tenant, cacheStatus, costOf(result.value), result.durationMs ?? null);
  }

  async #answer(call: CompletionCall, key: string, policy: RequestCachePolicy): Promise<CompletionAnswer> {
    if (!policy.allowsComputing) return orRefuse(await this.#stored(key, policy));
    const result = await this.#getOrSet(call, key, policy);
    if (!policy.allowsStored) return asRequested(result);
    if (policy.isTooOld(result)) return asRequested(await this.#getOrSet(call, key, RECOMPUTE));
    if (!isCompletion(result.value)) return this.#asUsual(await this.#getOrSet(call, key, RECOMPUTE));
    return this.#asUsual(result);
  }

  #asUsual(result: CacheResult<Completion>): CompletionAnswer {
    return { result, cacheStatus: cacheStatusOf(result, this.cache.getStatus().writable) };
  }

  async #stored(key: string, policy: RequestCachePolicy): Promise<CompletionAnswer | null> {
    if (!policy.allowsStored) return null;
    const found = await this.cache.lookup(key);
    if (found.status !== 'hit' || policy.isTooOld(found) || !isCompletion(found.value)) return null;
    return this.#asUsual({ ...found, value: found.value, key, stored: true });
  }

  #getOrSet(
    call: CompletionCall,
    key: string,
    { access }: RequestCachePolicy,
  ): Promise<CacheResult<Completion>> {
    const compute = (context: FactoryContext): Promise<Completion> => this.#compute(call, key, context);
    return this.cache.getOrSetEntry(key, compute, new CallOptions(call, access));
  }

  async #compute(
    { tenant, request }: CompletionCall,
    key: string,
    { signal, ticket }: FactoryContext,
  ): Promise<Completion> {
    // With the ticket the result is stored before the task ends: equal requests join the task, and later ones hit.
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
