import type { Factory } from '../../../core/cache/factory.js';
import type { GetOrSetOptions } from '../../../core/options/get-or-set-options.js';
import { RemoteFactoryError } from '../../../core/errors/errors.js';
import type { RedisCacheService } from '../../../core/redis-cache.service.js';

/** The only error that a factory throws here. */
class FactoryFailure extends Error {}

/** A call on one of two caches that share a backend as two processes do. */
export interface Step {
  process: 0 | 1;
  key: string;
  action: keyof typeof ACTIONS;
  options: GetOrSetOptions;
}

/** Takes long enough for the other process to wait. */
const work = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
const failing = async (): Promise<never> => {
  await work();
  throw new FactoryFailure('its own');
};
const valueOf = (key: string) => ({ key, text: 'the value of this key, and of no other' });

/** Callers of one key share its outcome, so a call of `compute` may receive the failure of a call of `fail`. */
async function getOrSet(
  cache: RedisCacheService,
  { key, options }: Step,
  factory: Factory<unknown>,
): Promise<boolean> {
  return isValueOrNull(await cache.getOrSet(key, factory, options).catch(expectOwnFailure), key);
}

/** Each resolves to whether the operation returned an allowed result, unless data was damaged. */
export const ACTIONS = {
  isConnected: async (cache) => typeof (await cache.isConnected()) === 'boolean',
  cacheResponse: async (cache, { key }) =>
    typeof (await cache.cacheResponse(key, valueOf(key), 10)) === 'boolean',
  getCachedResponse: async (cache, { key }) => isValueOrNull(await cache.getCachedResponse(key), key),
  // As text: these bytes are returned unparsed, so damaged ones need not be JSON.
  lookupBytes: async (cache, { key }) => {
    const found = await cache.lookup(key, { as: 'bytes' });
    return found.status !== 'hit' || String(found.json) === JSON.stringify(valueOf(key));
  },
  queueRequest: async (cache, { key }) => typeof (await cache.queueRequest(valueOf(key))) === 'boolean',
  dequeueRequest: async (cache) => {
    const request = await cache.dequeueRequest<{ key: string }>();
    return request === null || isValueOrNull(request, request.key);
  },
  getQueueLength: async (cache) => (await cache.getQueueLength()) >= 0,
  clearCache: async (cache) => typeof (await cache.clearCache()) === 'boolean',
  clearQueue: async (cache) => typeof (await cache.clearQueue()) === 'boolean',
  delete: async (cache, { key }) => typeof (await cache.delete(key)) === 'boolean',
  invalidateTags: async (cache) => typeof (await cache.invalidateTags('tag')) === 'boolean',
  compute: (cache, step) => getOrSet(cache, step, () => work().then(() => valueOf(step.key))),
  fail: (cache, step) => getOrSet(cache, step, failing),
} satisfies Record<string, (cache: RedisCacheService, step: Step) => Promise<boolean>>;

function isValueOrNull(found: unknown, key: string): boolean {
  return found === null || JSON.stringify(found) === JSON.stringify(valueOf(key));
}

/** Accepts the factory's own error, and the typed error that other processes receive. Throws any other. */
function expectOwnFailure(error: unknown): null {
  if (error instanceof FactoryFailure || error instanceof RemoteFactoryError) return null;
  throw error;
}
