import { z } from 'zod';

const MAX_SECONDS = 315_360_000;
const MAX_TIMEOUT_MS = 3_600_000;
/** What the cache itself allows. */
const MAX_TAGS = 16;

const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

/** Settings that decide what is cached and for how long. */
export const cachingShape = {
  MAX_TTL_SECONDS: whole(1, MAX_SECONDS).default(30 * 24 * 60 * 60),
  MAX_TAGS: whole(0, MAX_TAGS).default(8),
  CACHE_STALE_SECONDS: whole(0, MAX_SECONDS).default(3_600),
  CACHE_SOFT_TIMEOUT_MS: whole(0, MAX_TIMEOUT_MS).default(2_000),
  CACHE_REFRESH_AHEAD: z.coerce.number().gt(0).max(1).default(1),
  SSE_HEARTBEAT_MS: whole(10, MAX_TIMEOUT_MS).default(15_000),
  CACHE_NEAR: z.stringbool({ truthy: ['true'], falsy: ['false'] }).default(true),
};
