import { Inject, type InjectionToken } from '@nestjs/common';
import { atMost } from 'nestjs-redis-connection';
import type { HealthOptions, RedisCacheService, RedisCacheStatus } from '../core.js';
import { degradedStatus } from './terminus.js';

/** The check's fields beside `status`. They never contain an address, a password or an error message. */
export interface RedisCacheHealthDetails extends Record<string, unknown> {
  backend: RedisCacheStatus['backend'];
  state: RedisCacheStatus['phase'];
  breaker: RedisCacheStatus['breaker'];
  /** Whether the server accepts writes. */
  writable: boolean;
  /** Round trip of a write, in milliseconds; `null` if it did not succeed. */
  latencyMs: number | null;
  /** Code of the latest failure, or `null`. */
  lastError: string | null;
  /** What an operator should fix; see `RedisCacheService.getWarnings`. */
  warnings: string[];
}

/** What a check may report. `degraded` exists since Terminus 12. */
export type RedisCacheHealthStatus = 'up' | 'degraded' | 'down';

/** The result of a check, as Terminus expects it. */
export type RedisCacheHealthResult<
  Key extends string = string,
  Status extends string = RedisCacheHealthStatus,
> = Record<Key, { status: Status } & RedisCacheHealthDetails>;

/**
 * Terminus indicator of one cache instance: `up`; or `degraded` (HTTP status 200) when Redis is unavailable or
 * refuses writes while fallbacks are served; or `down` in place of `degraded` with `health: { required: true }`.
 * Terminus 11 has no `degraded`: there the status is `up`, and `state` and `writable` say what is wrong.
 * `warnings` names what does not make the check fail, above all a Redis that may evict queued requests.
 * Never throws, and returns within `health.timeoutMs`.
 *
 * @example
 * @Get('health')
 * @HealthCheck()
 * check() {
 *   return this.health.check([() => this.redis.isHealthy('redis')]);
 * }
 */
export class RedisCacheHealthIndicator {
  constructor(
    private readonly cache: RedisCacheService,
    private readonly options: Required<HealthOptions>,
  ) {}

  /**
   * Overwrites a small key of the library's own and reports the outcome under the name `key`. Where Terminus takes the
   * result, `Status` is inferred as the statuses that the installed version knows.
   */
  async isHealthy<const Key extends string = 'redis', Status extends string = RedisCacheHealthStatus>(
    key: Key = 'redis' as Key,
  ): Promise<RedisCacheHealthResult<Key, Status>> {
    const startedAt = performance.now();
    const warnings = atMost<string[]>(this.options.timeoutMs, this.cache.getWarnings(), []);
    const writable = await atMost(this.options.timeoutMs, this.cache.isWritable(), false);
    const latencyMs = writable ? Math.round((performance.now() - startedAt) * 10) / 10 : null;
    const details = this.#details(writable, latencyMs);
    const result = { ...details, warnings: await warnings, status: await this.#status(writable) };
    return { [key]: result } as RedisCacheHealthResult<Key, string> as RedisCacheHealthResult<Key, Status>;
  }

  async #status(writable: boolean): Promise<RedisCacheHealthStatus> {
    if (writable) return 'up';
    return this.options.required ? 'down' : degradedStatus();
  }

  #details(writable: boolean, latencyMs: number | null): Omit<RedisCacheHealthDetails, 'warnings'> {
    const { backend, phase, breaker, lastError } = this.cache.getStatus();
    return { backend, state: phase, breaker, writable, latencyMs, lastError };
  }
}

/** Returns the injection token of the health indicator of the named instance, or of the default one. */
export function getRedisCacheHealthToken(name?: string): InjectionToken<RedisCacheHealthIndicator> {
  return name === undefined ? RedisCacheHealthIndicator : `RedisCacheHealthIndicator:${name}`;
}

/**
 * Injects the health indicator of the named instance, or of the default one.
 *
 * @example
 * constructor(@InjectRedisCacheHealth('answers') private readonly redis: RedisCacheHealthIndicator) {}
 */
export function InjectRedisCacheHealth(name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getRedisCacheHealthToken(name));
}
