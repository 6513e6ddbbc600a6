import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import type { RedisCacheService } from 'nestjs-redis-cache';
import type { GatewayConfig } from '../config/gateway-config.js';
import { ProblemError } from '../http/problem.js';
import { isLoopback } from '../security/exposure.js';
import { ANONYMOUS, GUEST, type Tenant } from '../tenants/tenant.js';
import { CallWindows } from './call-windows.js';
import { windowStoreOn } from './window-store.js';

const WINDOW_MS = 60_000;
const TOO_MANY = new ProblemError(429, 'There were too many requests in the last minute.', {
  code: 'ERR_RATE_LIMITED',
});

/** Says when an address that failed to show a key may try again, in seconds; 0: now. */
export type FailureLimit = (request: FastifyRequest) => Promise<number>;

/**
 * Counts a call of a tenant that was answered in front of the routes, where `calls` would have counted it.
 * Answers the headers that tell of the limit, names and values in turn; `null` above it.
 */
export type CountCall = (tenant: Tenant, answer: (headers: readonly string[] | null) => void) => void;

/** What keeps callers from asking too often. */
export interface Limits {
  /** A hook that counts requests of a tenant, or of an address where there are no keys. */
  calls: onRequestAsyncHookHandler;
  countCall: CountCall;
  failures: FailureLimit;
}

const NO_HEADERS: readonly string[] = [];

/** Where nobody is limited. */
export const countNothing: CountCall = (_tenant, answer) => answer(NO_HEADERS);

/** Makes both limits, counted in all processes on one Redis. */
export async function createLimits(
  fastify: FastifyInstance,
  cache: RedisCacheService,
  config: Pick<GatewayConfig, 'RATE_LIMIT_PER_MINUTE' | 'FAILED_KEYS_PER_MINUTE'>,
): Promise<Limits> {
  const windows = new CallWindows(cache.sharedCounters);
  await fastify.register(rateLimit, {
    global: false,
    enableDraftSpec: true,
    timeWindow: WINDOW_MS,
    store: windowStoreOn(windows),
    errorResponseBuilder: () => TOO_MANY,
  });
  return {
    calls: callLimit(fastify, config.RATE_LIMIT_PER_MINUTE),
    countCall: callCount(windows, config.RATE_LIMIT_PER_MINUTE),
    failures: failureLimit(fastify, config.FAILED_KEYS_PER_MINUTE),
  };
}

function callLimit(fastify: FastifyInstance, max: number): onRequestAsyncHookHandler {
  if (max === 0) return async () => {};
  return fastify.rateLimit({ max, keyGenerator: callerOf, allowList: isExempt });
}

function callCount(windows: CallWindows, max: number): CountCall {
  if (max === 0) return countNothing;
  const limit = String(max);
  return ({ name }, answer) =>
    windows.hit(tenantCaller(name), WINDOW_MS, max, ({ current, ttl }) => {
      if (current > max) return answer(null);
      const [remaining, reset] = [String(max - current), String(Math.ceil(ttl / 1_000))];
      answer(['ratelimit-limit', limit, 'ratelimit-remaining', remaining, 'ratelimit-reset', reset]);
    });
}

function failureLimit(fastify: FastifyInstance, max: number): FailureLimit {
  if (max === 0) return async () => 0;
  const count = fastify.createRateLimit({ max, keyGenerator: ({ ip }) => `failed:${normalizeIP(ip)}` });
  return async (request) => {
    const state = await count(request);
    return !state.isAllowed && state.isExceeded ? Math.max(1, state.ttlInSeconds) : 0;
  };
}

function callerOf({ tenant, ip }: FastifyRequest): string {
  return tenant === ANONYMOUS ? `address:${normalizeIP(ip)}` : tenantCaller(tenant.name);
}

function tenantCaller(name: string): string {
  return `tenant:${name}`;
}

/** Public routes, and programs of this machine where there are no keys. */
function isExempt({ tenant, ip }: FastifyRequest): boolean {
  return tenant === GUEST || (tenant === ANONYMOUS && isLoopback(ip));
}
