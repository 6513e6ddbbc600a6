import type { FastifyRequest, onRequestHookHandler } from 'fastify';
import type { SharedCounters, WindowCount } from 'nestjs-redis-cache';
import { RateLimiter } from 'nestjs-redis-cache/http';
import type { GatewayConfig } from '../config/gateway-config.js';
import { isLoopback, networkOf } from '../http/addresses.js';
import { setHeaders } from '../http/answer.js';
import { ProblemError } from '../http/problem.js';
import { ANONYMOUS, GUEST, type Tenant } from '../tenants/tenant.js';

const WINDOW_MS = 60_000;

/** A caller's limit after one more request. */
export interface LimitState {
  readonly isExceeded: boolean;
  readonly retryAfterSeconds: number;
  /** Headers that describe the limit, as names and values in turn. */
  readonly headers: readonly string[];
}

/** Counts one request of a caller and calls back with the state of its limit. */
type Count = (caller: string, callback: (state: LimitState) => void) => void;

/** The limits of requests, each counted in all processes on one Redis. */
export interface RequestLimits {
  /** A hook that counts requests by tenant, or by address without keys. */
  hook: onRequestHookHandler;
  /** Counts a request of a tenant that no hook sees. */
  count: (tenant: Tenant, callback: (state: LimitState) => void) => void;
  /** Counts a request without a valid key; resolves to the seconds its address has to wait, or 0. */
  countFailure: (request: FastifyRequest) => Promise<number>;
}

const UNLIMITED: LimitState = { isExceeded: false, retryAfterSeconds: 0, headers: [] };

/** For callers without a limit. */
export const countNothing: RequestLimits['count'] = (_tenant, callback) => callback(UNLIMITED);

export function requestLimits(
  counters: Pick<SharedCounters, 'countInWindow'>,
  config: Pick<GatewayConfig, 'RATE_LIMIT_PER_MINUTE' | 'FAILED_KEYS_PER_MINUTE'>,
): RequestLimits {
  const count = counter(counters, config.RATE_LIMIT_PER_MINUTE);
  const countFailed = counter(counters, config.FAILED_KEYS_PER_MINUTE);
  return {
    hook: limitHook(count),
    count: (tenant, callback) => count(tenantCaller(tenant), callback),
    countFailure: (request) =>
      new Promise((resolve) => {
        countFailed(`failed:${clientNetwork(request)}`, ({ isExceeded, retryAfterSeconds }) =>
          resolve(isExceeded ? Math.max(1, retryAfterSeconds) : 0),
        );
      }),
  };
}

/** @param limit requests per minute; 0 for no limit */
function counter(counters: Pick<SharedCounters, 'countInWindow'>, limit: number): Count {
  if (limit === 0) return (_caller, callback) => callback(UNLIMITED);
  const limiter = new RateLimiter(counters, { limit, windowMs: WINDOW_MS });
  return (caller, callback) => limiter.hit(caller, (window) => callback(stateOf(window, limit)));
}

function stateOf({ count, resetMs }: WindowCount, limit: number): LimitState {
  const retryAfterSeconds = Math.ceil(resetMs / 1_000);
  const remaining = String(Math.max(0, limit - count));
  const reset = String(retryAfterSeconds);
  return {
    isExceeded: count > limit,
    retryAfterSeconds,
    headers: ['ratelimit-limit', String(limit), 'ratelimit-remaining', remaining, 'ratelimit-reset', reset],
  };
}

function limitHook(count: Count): onRequestHookHandler {
  return (request, reply, done) => {
    if (isExempt(request)) return done();
    count(callerOf(request), ({ isExceeded, retryAfterSeconds, headers }) => {
      setHeaders(reply, headers);
      done(isExceeded ? tooManyRequests(retryAfterSeconds) : undefined);
    });
  };
}

function tooManyRequests(retryAfterSeconds: number): ProblemError {
  const detail = 'There were too many requests in the last minute.';
  return new ProblemError(429, detail, { code: 'ERR_RATE_LIMITED' }, retryAfterSeconds);
}

function callerOf(request: FastifyRequest): string {
  const { tenant } = request;
  return tenant === ANONYMOUS ? `address:${clientNetwork(request)}` : tenantCaller(tenant);
}

/** What a proxy says that is no address counts as the proxy's own, so that no client has as many as it likes. */
function clientNetwork({ ip, socket }: FastifyRequest): string {
  return networkOf(ip, socket.remoteAddress);
}

function tenantCaller({ name }: Tenant): string {
  return `tenant:${name}`;
}

/** Public routes, and programs of this machine if there are no keys. */
function isExempt({ tenant, ip }: FastifyRequest): boolean {
  return tenant === GUEST || (tenant === ANONYMOUS && isLoopback(ip));
}
