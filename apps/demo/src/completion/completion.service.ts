import { Injectable } from '@nestjs/common';
import { type CacheResult, RedisCacheService } from 'nestjs-redis-cache';
import { type Completion, type CompletionRequest, WorkerPool } from 'nestjs-worker-pool';
import { completionKey } from './completion-key.js';
import { TaskFailedError } from './task-failed.error.js';
import { isCompletion, isWhole, toCompletion } from './to-completion.js';

/** Checks the cache; on a miss submits to the pool, waits, and caches the completed result. */
@Injectable()
export class CompletionService {
  constructor(
    private readonly cache: RedisCacheService,
    private readonly pool: WorkerPool,
  ) {}

  /**
   * Answers a request. Requests of a tenant that mean the same are computed once, in all processes on one Redis.
   *
   * @param tenant name of whose answer it is; others neither see it nor wait for it
   * @param ttlSeconds TTL of the answer in the cache, in seconds; default: that of the cache
   * @throws {InvalidRequestError} a field that the executor cannot take
   * @throws {PoolSaturatedError} too many requests wait
   * @throws {PoolClosedError} the server is shutting down
   * @throws {TaskFailedError} the executor failed, or ran out of time
   * @throws {RemoteFactoryError} one of these, in another process that computed the same
   */
  async complete(
    tenant: string,
    request: CompletionRequest,
    ttlSeconds?: number,
  ): Promise<CacheResult<Completion>> {
    this.pool.validate(request);
    const key = this.#keyOf(tenant, request);
    const compute = ({ signal }: { signal: AbortSignal }): Promise<Completion> =>
      this.#compute(request, signal);
    const options = { ttlSeconds, shouldCache: isWhole };
    const result = await this.cache.getOrSetEntry(key, compute, options);
    if (isCompletion(result.value)) return result;
    return this.cache.getOrSetEntry(key, compute, { ...options, readPolicy: 'no-cache' });
  }

  #keyOf(tenant: string, request: CompletionRequest): string {
    const { executorName: executor } = this.pool;
    return completionKey(request, { tenant, executor, model: this.pool.resolveModel(request.model) });
  }

  async #compute(request: CompletionRequest, signal: AbortSignal): Promise<Completion> {
    const result = await this.pool.run(request, { signal });
    if (result.status !== 'completed') throw new TaskFailedError(result);
    return toCompletion(result);
  }
}
