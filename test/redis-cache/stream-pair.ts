import type { CacheStream, GetOrStreamOptions, RedisCacheService, StreamFactory } from 'nestjs-redis-cache';
import { until } from '@test/support/index.js';
import { heldStream, type HeldStreamCall, readAll, type Received, TEXT } from './held-stream.js';

export type TextOptions = Partial<GetOrStreamOptions<string, string>>;

/** Calls `getOrStream` for a stream of texts. */
export function openText(
  cache: Pick<RedisCacheService, 'getOrStream'>,
  key: string,
  factory: StreamFactory<string>,
  options: TextOptions = {},
): Promise<CacheStream<string, string>> {
  return cache.getOrStream(key, factory, { ...TEXT, ...options });
}

/** A factory for a caller that must not compute. */
export const notCalled: StreamFactory<string> = () => {
  throw new Error('this factory must not be called');
};

/** A stream in progress whose pieces come from the test. */
export interface Leading {
  call: HeldStreamCall<string>;
  stream: CacheStream<string, string>;
  received: Received<string>;
}

/** Starts a stream and reads its first piece, `first`. */
export async function lead(
  cache: RedisCacheService,
  key: string,
  options: TextOptions = {},
  first = 'first',
): Promise<Leading> {
  const held = heldStream();
  const opening = openText(cache, key, held.factory, options);
  const call = await held.call(0);
  call.push(first);
  const stream = await opening;
  return { call, stream, received: readAll(stream) };
}

/** Resolves when the reader has received `count` pieces. */
export async function untilReceived({ pieces }: Received<unknown>, count: number): Promise<void> {
  await until(() => pieces.length >= count, {
    what: `${count} pieces; there are ${pieces.length}`,
    everyMs: 2,
  });
}

/**
 * Resolves when a call for this key that was made before follows another holder. Its commands and these reads go to the
 * same server over the same connection, and it needs fewer round trips.
 */
export async function untilFollowing(cache: RedisCacheService, key: string): Promise<void> {
  for (let trip = 0; trip < 4; trip += 1) await cache.getCachedResponse(key);
}
