import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import type { RedisCacheService } from 'nestjs-redis-cache';
import type { DemoEnv } from '../../config/demo-env.js';
import { ProblemError } from '../../http/problem.js';
import { isLoopback } from '../exposure.js';
import { ANONYMOUS, GUEST } from '../tenant.js';
import { windowStoreOn } from './window-store.js';

const WINDOW_MS = 60_000;
const TOO_MANY = new ProblemError(429, 'There were too many requests in the last minute.', {
  code: 'ERR_RATE_LIMITED',
});

/** Says when an address that failed to show a key may try again, in seconds; 0: now. */
export type FailureLimit = (request: FastifyRequest) => Promise<number>;

/** What keeps callers from asking too often. */
export interface Limits {
  /** A hook that counts requests of a tenant, or of an address where there are no keys. */
  calls: onRequestAsyncHookHandler;
  failures: FailureLimit;
}

/** Makes both limits, counted in all processes on one Redis. */
export async function createLimits(
  fastify: FastifyInstance,
  cache: RedisCacheService,
  config: Pick<DemoEnv, 'RATE_LIMIT_PER_MINUTE' | 'FAILED_KEYS_PER_MINUTE'>,
): Promise<Limits> {
  await fastify.register(rateLimit, {
    global: false,
    enableDraftSpec: true,
    timeWindow: WINDOW_MS,
    store: windowStoreOn(cache),
    errorResponseBuilder: () => TOO_MANY,
  });
  return {
    calls: callLimit(fastify, config.RATE_LIMIT_PER_MINUTE),
    failures: failureLimit(fastify, config.FAILED_KEYS_PER_MINUTE),
  };
}

function callLimit(fastify: FastifyInstance, max: number): onRequestAsyncHookHandler {
  if (max === 0) return async () => {};
  return fastify.rateLimit({ max, keyGenerator: callerOf, allowList: isExempt });
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
  return tenant === ANONYMOUS ? `address:${normalizeIP(ip)}` : `tenant:${tenant.name}`;
}

/** Public routes, and programs of this machine where there are no keys. */
function isExempt({ tenant, ip }: FastifyRequest): boolean {
  return tenant === GUEST || (tenant === ANONYMOUS && isLoopback(ip));
}
