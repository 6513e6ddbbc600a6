import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import {
  cacheKey,
  type CacheResult,
  type CacheStream,
  type FactoryContext,
  RedisCacheService,
} from 'nestjs-redis-cache';
import { cacheStatusOf, forwarded, RequestCachePolicy } from 'nestjs-redis-cache/http';
import { type Completion, WorkerPool } from 'nestjs-worker-pool';
import { isCompletion } from '../pool/stored-completion.js';
import { costOf, SavingsService } from '../savings/savings.service.js';
import {
  CallOptions,
  type CompletionAnswer,
  type CompletionCall,
  policyOf,
  StreamCallOptions,
} from './completion-call.js';
import type { CompletionPiece } from './completion-pieces.js';
import { CompletionSource } from './completion-source.js';
import { NotCachedError } from './errors.js';
import { HitUsage } from './hit-usage.js';
import { keyFieldsInSteps, keyFieldsOf } from './key-fields.js';
import type { LiveCompletion, StreamedCompletion } from './live-completion.js';

const { RECOMPUTE } = RequestCachePolicy;
/** Changes when the form of stored values changes, so that old entries are not read as new ones. */
const SCHEMA_VERSION = 2;

type Stream = CacheStream<CompletionPiece, Completion>;

/** An answer that may still be computed. */
type Pending = Pick<Stream, 'source' | 'ageSeconds' | 'collected'>;

/** An answer, and whether it is computed because the request demanded it. */
interface Opened<Found extends Pending> {
  readonly found: Found;
  readonly isRequested: boolean;
}

/** Gets an answer from the cache, or computes it. */
type Get<Found extends Pending> = (policy: RequestCachePolicy) => Promise<Found>;

/** Checks the cache; on a miss submits to the pool, waits, and caches the completed result. */
@Injectable()
export class CompletionsService {
  constructor(
    private readonly cache: RedisCacheService,
    private readonly pool: WorkerPool,
    private readonly source: CompletionSource,
    private readonly savings: SavingsService,
    private readonly usage: HitUsage,
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
    const key = call.isLarge ? await this.#keyInSteps(call) : this.#keyOf(call);
    return this.#delivered(call, await this.#answer(call, key, policyOf(call)));
  }

  /**
   * Returns the stored answer to a call, or the pieces of one that is being computed, as soon as there is one of them.
   * Equal requests share a computation, whether they are streamed or not.
   *
   * @throws what {@link complete} throws, if it fails before the first piece; later failures end the pieces
   */
  async stream(call: CompletionCall): Promise<StreamedCompletion> {
    const policy = policyOf(call);
    if (!policy.allowsComputing) return { answer: await this.complete(call) };
    const key = await this.keyOf(call);
    const opened = await open(policy, (access) => this.#getOrStream(call, key, access));
    if (opened.found.source === 'factory') return { live: this.#live(call, opened) };
    return { answer: this.#delivered(call, await this.#collect(opened)) };
  }

  /**
   * Returns the stored answer to a call; `null` if there is none that the call accepts.
   *
   * @param key the call's, see {@link keyOf}
   */
  async stored(call: CompletionCall, key: string): Promise<CompletionAnswer | null> {
    const answer = await this.#stored(key, policyOf(call));
    return answer && this.#delivered(call, answer);
  }

  /**
   * Returns the cache key of a call's answer: a hash of everything that reaches the executor and affects the answer, see
   * {@link keyFieldsOf}, of the tenant, of the model after aliases are resolved, and of the call's variant.
   *
   * @throws {InvalidRequestError} a field that the executor does not support
   */
  async keyOf(call: CompletionCall): Promise<string> {
    return call.isLarge ? this.#keyInSteps(call) : this.#keyOf(call);
  }

  #keyOf(call: CompletionCall): string {
    this.pool.validate(call.request);
    return this.#keyFrom(call, keyFieldsOf(call.request));
  }

  async #keyInSteps(call: CompletionCall): Promise<string> {
    await nextTurn();
    this.pool.validate(call.request);
    await nextTurn();
    const fields = await keyFieldsInSteps(call.request);
    await nextTurn();
    const key = this.#keyFrom(call, fields);
    await nextTurn();
    return key;
  }

  #keyFrom({ tenant, request, variant }: CompletionCall, fields: object): string {
    const { executorName: executor } = this.pool;
    const model = this.pool.resolveModel(request.model);
    // Apart from each other: a client chooses the names of the request's fields.
    const parts = { request: { ...fields, model }, tenant, executor, variant };
    return cacheKey(parts, { schemaVersion: SCHEMA_VERSION });
  }

  /** Counts an answer, and returns it as it is sent. */
  #delivered({ tenant }: CompletionCall, { result, cacheStatus }: CompletionAnswer): CompletionAnswer {
    const cost = costOf(result.value);
    this.savings.countAnswer(tenant, cacheStatus, cost, result.durationMs ?? null);
    const isStored = result.source !== 'factory';
    return {
      cacheStatus,
      result: isStored ? { ...result, value: this.usage.shown(result.value) } : result,
      saved: isStored || result.status === 'collapsed' ? cost : undefined,
    };
  }

  async #answer(call: CompletionCall, key: string, policy: RequestCachePolicy): Promise<CompletionAnswer> {
    if (!policy.allowsComputing) return orRefuse(await this.#stored(key, policy));
    return this.#collect(await open(policy, this.#getterOf(call, key)));
  }

  #getterOf(call: CompletionCall, key: string): Get<Pending> {
    return this.source.isPiecewise
      ? (policy) => this.#getOrStream(call, key, policy)
      : (policy) => this.#getOrSet(call, key, policy);
  }

  async #collect({ found, isRequested }: Opened<Pending>): Promise<CompletionAnswer> {
    const result = await found.collected();
    return isRequested ? asRequested(result) : this.#asUsual(result);
  }

  #live({ tenant }: CompletionCall, { found, isRequested }: Opened<Stream>): LiveCompletion {
    const { key, status, ttlSeconds } = found;
    // Whether it will be stored is not known yet.
    const cacheStatus = isRequested
      ? forwarded('request')
      : cacheStatusOf({ status, ttlSeconds, stored: false }, this.cache.getStatus().writable);
    const count = (value: Completion): void =>
      this.savings.countAnswer(tenant, cacheStatus, costOf(value), null);
    return { key, origin: found, cacheStatus, pieces: found, count };
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

  #getOrStream(call: CompletionCall, key: string, { access }: RequestCachePolicy): Promise<Stream> {
    const compute = (context: FactoryContext) => this.source.pieces(call, key, context);
    return this.cache.getOrStream(key, compute, new StreamCallOptions(call, access));
  }

  async #getOrSet(call: CompletionCall, key: string, { access }: RequestCachePolicy): Promise<Pending> {
    const compute = (context: FactoryContext) => this.source.whole(call, key, context);
    const result = await this.cache.getOrSetEntry(key, compute, new CallOptions(call, access));
    return { source: result.source, ageSeconds: result.ageSeconds, collected: async () => result };
  }
}

/** Gets an answer; computes it again if the stored one is not acceptable. */
async function open<Found extends Pending>(
  policy: RequestCachePolicy,
  get: Get<Found>,
): Promise<Opened<Found>> {
  const found = await get(policy);
  const isRequested = !policy.allowsStored;
  if (isRequested || found.source === 'factory') return { found, isRequested };
  const isTooOld = policy.isTooOld(found);
  if (!isTooOld && isCompletion((await found.collected()).value)) return { found, isRequested };
  return { found: await get(RECOMPUTE), isRequested: isTooOld };
}

function orRefuse(answer: CompletionAnswer | null): CompletionAnswer {
  if (answer === null) throw new NotCachedError();
  return answer;
}

function asRequested(result: CacheResult<Completion>): CompletionAnswer {
  return { result, cacheStatus: forwarded('request', { stored: result.stored }) };
}
