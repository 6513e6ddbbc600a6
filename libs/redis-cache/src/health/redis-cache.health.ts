import type { HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { atMost } from 'nestjs-redis-connection';
import type { RedisCacheStatus } from '../core/redis-cache.parts.js';
import type { RedisCacheService } from '../core/redis-cache.service.js';

/** Settings of the check, from the module's `health` options. */
export interface RedisCacheHealthSettings {
  required: boolean;
  timeoutMs: number;
}

/** What the check reports beside `status`. Never an address, a password or a message of the server. */
export interface RedisCacheHealthDetails extends Record<string, unknown> {
  backend: RedisCacheStatus['backend'];
  state: RedisCacheStatus['phase'];
  breaker: RedisCacheStatus['breaker'];
  /** Whether the server takes writes. */
  writable: boolean;
  /** Round trip of a write, in milliseconds; `null` when there was none. */
  latencyMs: number | null;
  /** Code of the latest failure, or `null`. */
  lastError: string | null;
}

/**
 * Terminus indicator of one cache instance: `up`; `degraded` when Redis is unavailable or refuses
 * writes while fallbacks serve (the HTTP status stays 200); `down` instead when the module was given
 * `health: { required: true }`. Never throws, and answers within `health.timeoutMs`.
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
    private readonly indicators: HealthIndicatorService,
    private readonly settings: RedisCacheHealthSettings,
  ) {}

  /** Writes a small key of its own and reports how that went under the name `key`. */
  async isHealthy<const Key extends string = 'redis'>(
    key: Key = 'redis' as Key,
  ): Promise<HealthIndicatorResult<Key, 'up' | 'degraded' | 'down', RedisCacheHealthDetails>> {
    const check = this.indicators.check(key);
    const startedAt = performance.now();
    const writable = await atMost(this.settings.timeoutMs, this.cache.isWritable(), false);
    const latencyMs = writable ? Math.round((performance.now() - startedAt) * 10) / 10 : null;
    const details = this.#details(writable, latencyMs);
    if (writable) return check.up(details);
    return this.settings.required ? check.down(details) : check.degraded(details);
  }

  #details(writable: boolean, latencyMs: number | null): RedisCacheHealthDetails {
    const { backend, phase, breaker, lastError } = this.cache.getStatus();
    return { backend, state: phase, breaker, writable, latencyMs, lastError };
  }
}
