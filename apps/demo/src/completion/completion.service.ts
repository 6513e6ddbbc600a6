import { Injectable } from '@nestjs/common';
import { cacheKey, type CacheResult, RedisCacheService } from 'nestjs-redis-cache';
import { type CompletionRequest, type TaskResult, WorkerPool } from 'nestjs-worker-pool';
import type { CompletionBody } from './completion.body.js';

const WHOLE_ANSWERS = new Set(['end_turn', 'stop_sequence']);

/** A task of the pool ended without an answer. `code` decides the HTTP status. */
export class TaskFailedError extends Error {
  readonly code: string;

  constructor({ status, error }: TaskResult) {
    super(error?.message ?? `The task ended as ${status}.`);
    this.code = error?.code ?? 'ERR_EXECUTOR_FAILED';
  }
}

@Injectable()
export class CompletionService {
  constructor(
    private readonly cache: RedisCacheService,
    private readonly pool: WorkerPool,
  ) {}

  /**
   * Checks the cache; on a miss submits the request to the worker pool, waits, and caches the completed result.
   * Requests for the same key run once, in all processes on one Redis. Redis faults never surface here: without
   * Redis each process computes for itself.
   *
   * @throws {InvalidRequestError} a field that the executor cannot honour
   * @throws {PoolSaturatedError} the backlog is full
   * @throws {TaskFailedError} the executor failed or ran out of time
   */
  complete({ ttl_seconds: ttlSeconds, ...request }: CompletionBody): Promise<CacheResult<TaskResult>> {
    this.pool.validate(request);
    return this.cache.getOrSetEntry(this.#keyOf(request), ({ signal }) => this.#run(request, signal), {
      ttlSeconds,
      // An answer that was cut off is returned, but not cached.
      shouldCache: (result) => WHOLE_ANSWERS.has((result as TaskResult).stopReason ?? ''),
    });
  }

  /** Everything that decides the answer is in the key: the prompt alone would make two models collide. */
  #keyOf(request: CompletionRequest): string {
    const { executorName: executor } = this.pool;
    return cacheKey({ ...request, executor, model: this.pool.resolveModel(request.model) });
  }

  async #run(request: CompletionRequest, signal: AbortSignal): Promise<TaskResult> {
    const result = await this.pool.run(request, { signal });
    if (result.status !== 'completed') throw new TaskFailedError(result);
    return result;
  }
}
