import { Injectable, Logger } from '@nestjs/common';
import { RedisCacheService } from 'nestjs-redis-cache';
import { Executor, type ModelInfo, WorkerPool } from 'nestjs-worker-pool';
import { LATE, within } from '../util/deadline.js';
import { failureText } from '../util/failure-text.js';
import { knownModels } from './model-list.js';

const KEY = 'gateway:models';
const TTL_SECONDS = 3_600;
const STALE_SECONDS = 86_400;
/** How long a failure is remembered, so that a broken service is not asked by each request. */
const FAILURE_SECONDS = 30;
/** Claude Code waits for 3 s. */
const MAX_WAIT_MS = 2_500;
const MAX_LIST_MS = 30_000;

/** The models that clients can choose. */
@Injectable()
export class ModelsService {
  readonly #logger = new Logger(ModelsService.name);

  constructor(
    private readonly cache: RedisCacheService,
    private readonly executor: Executor,
    private readonly pool: WorkerPool,
  ) {}

  /** The models of the service behind the executor, cached; those with a known price if it has no list, fails or is slow. */
  async list(): Promise<readonly ModelInfo[]> {
    const found = await within(this.#found(), MAX_WAIT_MS);
    return found === LATE || found === null ? knownModels(this.pool.resolveModel()) : found;
  }

  async #found(): Promise<readonly ModelInfo[] | null> {
    try {
      return await this.cache.getOrSet(
        `${KEY}:${this.executor.name}`,
        ({ signal }) => this.executor.listModels(AbortSignal.any([signal, AbortSignal.timeout(MAX_LIST_MS)])),
        { ttlSeconds: TTL_SECONDS, staleSeconds: STALE_SECONDS, negativeTtlSeconds: FAILURE_SECONDS },
      );
    } catch (error) {
      this.#logger.warn(`The models could not be listed: ${failureText(error)}`);
      return null;
    }
  }
}
