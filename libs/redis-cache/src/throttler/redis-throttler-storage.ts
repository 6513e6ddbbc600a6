import type { ThrottlerStorage } from '@nestjs/throttler';
import {
  cacheKey,
  type CallLimit,
  InvalidOptionsError,
  type LimitCount,
  MAX_KEY_LENGTH,
  MAX_WINDOW_MS,
  MemoryBackend,
  type RedisCacheService,
} from '../core.js';
import { registrationNames } from '../nest/option-names.js';

/** What `increment` returns. */
type ThrottlerRecord = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/** Options of {@link RedisThrottlerStorage}. */
export interface RedisThrottlerStorageOptions {
  /**
   * What happens to calls while Redis is unavailable.
   * - `count`: this process counts them itself, so that each process allows the whole limit
   * - `allow`: none is refused
   *
   * Default `count`. Neither refuses a call because of a fault of Redis.
   */
  whenUnavailable?: 'count' | 'allow';
}

const OPTIONS = registrationNames<RedisThrottlerStorageOptions>({ whenUnavailable: true });
const UNAVAILABLE = ['count', 'allow'] as const;
/** The entries of the memory backend are not used, only its counts. */
const NO_ENTRIES_BYTES = 1;

/**
 * A storage for `@nestjs/throttler` 6 that all processes on one Redis share. Each request costs one round trip per
 * throttler, `commandTimeoutMs` at the most, and none while the circuit breaker is open: then the process counts for
 * itself (`whenUnavailable`).
 *
 * Windows are fixed: the first call begins one, which ends `ttl` milliseconds later. A call above the limit is refused, as
 * are all others for `blockDuration` (default: `ttl`); then the count begins again.
 *
 * @example
 * ThrottlerModule.forRootAsync({
 *   inject: [RedisCacheService],
 *   useFactory: (cache: RedisCacheService) => ({
 *     throttlers: [{ ttl: 60_000, limit: 100 }],
 *     storage: new RedisThrottlerStorage(cache),
 *   }),
 * });
 */
export class RedisThrottlerStorage implements ThrottlerStorage {
  readonly #counters: Pick<RedisCacheService['sharedCounters'], 'countLimited'>;
  readonly #own: MemoryBackend['counters'] | undefined;

  /**
   * @param cache its `keyPrefix` is the beginning of the keys, its `commandTimeoutMs` the deadline
   * @throws {InvalidOptionsError} an unknown or wrong option
   */
  constructor(cache: Pick<RedisCacheService, 'sharedCounters'>, options: RedisThrottlerStorageOptions = {}) {
    OPTIONS.check(options);
    const { whenUnavailable = 'count' } = options;
    if (!UNAVAILABLE.includes(whenUnavailable)) {
      throw new InvalidOptionsError('whenUnavailable', "must be 'count' or 'allow'");
    }
    this.#counters = cache.sharedCounters;
    const { counters } = new MemoryBackend({ maxBytes: NO_ENTRIES_BYTES });
    this.#own = whenUnavailable === 'count' ? counters : undefined;
  }

  /**
   * Counts one call; called by `ThrottlerGuard`. Never rejects because of Redis.
   *
   * @param ttl length of the window, in milliseconds
   * @param blockDuration how long calls are refused, in milliseconds; 0: until the window ends
   * @returns `timeToExpire` and `timeToBlockExpire` in whole seconds, rounded up; a refused call is counted once
   */
  async increment(
    key: string,
    ttl: number,
    limit: number,
    blockDuration: number,
    throttlerName: string,
  ): Promise<ThrottlerRecord> {
    const name = nameOf(throttlerName, key);
    const terms: CallLimit = {
      limit: Math.max(0, Math.min(Math.floor(limit), Number.MAX_SAFE_INTEGER)),
      windowMs: Math.max(1, wholeMs(ttl)),
      blockMs: Math.max(0, wholeMs(blockDuration)),
    };
    const counted = await this.#counters.countLimited(name, terms);
    return recordOf(counted ?? (await this.#own?.countLimited(name, terms)) ?? ALLOWED);
  }
}

const ALLOWED: LimitCount = { count: 0, resetMs: 0, blocked: false };

function recordOf({ count, resetMs, blocked }: LimitCount): ThrottlerRecord {
  const seconds = Math.ceil(resetMs / 1_000);
  return {
    totalHits: count,
    timeToExpire: seconds,
    isBlocked: blocked,
    timeToBlockExpire: blocked ? seconds : 0,
  };
}

/** A key of the application's own `generateKey` may be anything that a client sends, so one that is too long is hashed. */
function nameOf(throttlerName: string, key: string): string {
  const name = `throttler:${throttlerName}:${key}`;
  return name.length <= MAX_KEY_LENGTH && name.isWellFormed() ? name : cacheKey({ throttlerName, key });
}

function wholeMs(ms: number): number {
  return Math.min(Math.ceil(ms), MAX_WINDOW_MS);
}
