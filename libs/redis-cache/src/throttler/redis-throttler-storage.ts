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

/**
 * The state of a throttler after a call, in the form that `ThrottlerGuard` expects. Written down here because the types of
 * `@nestjs/throttler` cannot be compiled beside those of Nest 12 with `moduleResolution: node16`.
 */
export interface ThrottlerRecord {
  totalHits: number;
  /** Whole seconds until the window or the block ends, rounded up. */
  timeToExpire: number;
  isBlocked: boolean;
  /** Whole seconds until the block ends, rounded up; 0 without a block. */
  timeToBlockExpire: number;
}

/** Options of {@link RedisThrottlerStorage}. */
export interface RedisThrottlerStorageOptions {
  /**
   * What happens to calls while Redis is unavailable. Neither refuses a call because of a Redis fault.
   * - `count`: each process counts its own calls in memory, so each process allows the whole limit
   * - `allow`: every call is allowed
   *
   * Default `count`.
   */
  whenUnavailable?: 'count' | 'allow';
}

const OPTIONS = registrationNames<RedisThrottlerStorageOptions>({ whenUnavailable: true });
const UNAVAILABLE = ['count', 'allow'] as const;
/** Only the counters of the memory backend are used, not its entries. */
const NO_ENTRIES_BYTES = 1;

/**
 * A storage for `@nestjs/throttler` 6 whose counts all processes on one Redis share. Each request costs one round trip per
 * throttler, which takes `commandTimeoutMs` at most, and none while the circuit breaker is open: `whenUnavailable` says
 * what happens then.
 *
 * Windows are fixed: the first call begins one, which ends `ttl` milliseconds later. The first call above the limit begins
 * a block: it and all further calls are refused for `blockDuration` (default: `ttl`); then the count begins again.
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
export class RedisThrottlerStorage {
  readonly #counters: Pick<RedisCacheService['sharedCounters'], 'countLimited'>;
  readonly #fallback: MemoryBackend['counters'] | undefined;

  /**
   * @param cache contains the counts, under its `keyPrefix`; its `commandTimeoutMs` is the deadline of each call
   * @throws {InvalidOptionsError} an unknown or invalid option
   */
  constructor(cache: Pick<RedisCacheService, 'sharedCounters'>, options: RedisThrottlerStorageOptions = {}) {
    OPTIONS.check(options);
    const { whenUnavailable = 'count' } = options;
    if (!UNAVAILABLE.includes(whenUnavailable)) {
      throw new InvalidOptionsError('whenUnavailable', "must be 'count' or 'allow'");
    }
    this.#counters = cache.sharedCounters;
    const { counters } = new MemoryBackend({ maxBytes: NO_ENTRIES_BYTES });
    this.#fallback = whenUnavailable === 'count' ? counters : undefined;
  }

  /**
   * Counts one call; called by `ThrottlerGuard`. Never rejects because of Redis.
   *
   * @param ttl length of the window, in milliseconds
   * @param limit calls allowed within a window; a fraction is rounded down
   * @param blockDuration how long calls are refused, in milliseconds; 0: until the window ends
   * @returns `timeToExpire` and `timeToBlockExpire` in whole seconds, rounded up; calls during a block are not counted
   */
  async increment(
    key: string,
    ttl: number,
    limit: number,
    blockDuration: number,
    throttlerName: string,
  ): Promise<ThrottlerRecord> {
    const name = nameOf(throttlerName, key);
    const callLimit: CallLimit = {
      limit: Math.max(0, Math.min(Math.floor(limit), Number.MAX_SAFE_INTEGER)),
      windowMs: Math.max(1, wholeMs(ttl)),
      blockMs: Math.max(0, wholeMs(blockDuration)),
    };
    const counted = await this.#counters.countLimited(name, callLimit);
    return recordOf(counted ?? (await this.#fallback?.countLimited(name, callLimit)) ?? ALLOWED);
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

/** An application's own `generateKey` may return whatever a client sent; keys that the cache does not allow are hashed. */
function nameOf(throttlerName: string, key: string): string {
  const name = `throttler:${throttlerName}:${key}`;
  return name.length <= MAX_KEY_LENGTH && name.isWellFormed() ? name : cacheKey({ throttlerName, key });
}

function wholeMs(ms: number): number {
  return Math.min(Math.ceil(ms), MAX_WINDOW_MS);
}
