import type { CacheResult } from './cache/cache-result.js';
import type { CacheStream } from './cache/cache-stream.js';
import type { ComputationTicket } from './cache/computation-ticket.js';
import type { Factory } from './cache/factory.js';
import type { BytesLookup, CacheLookup, LookupOptions, ValueHit } from './cache/lookup.js';
import type { ResponseToCache } from './cache/response-writer.js';
import type { StreamFactory } from './cache/stream-source.js';
import { assertKey } from './entry/arguments.js';
import type { GetOrSetOptions, GetOrStreamOptions, ResumeOptions } from './options/get-or-set-options.js';
import type { RedisCacheParts } from './redis-cache.parts.js';
import { RedisCacheService } from './redis-cache.service.js';
import {
  CacheOperation,
  type CacheOperationName,
  isObserved,
  type OperationOutcome,
} from './telemetry/operation.js';

/** The service, which publishes its operations while somebody subscribes to them. */
export class ObservedCache extends RedisCacheService {
  readonly #parts: RedisCacheParts;

  constructor(parts: RedisCacheParts) {
    super(parts);
    this.#parts = parts;
  }

  override getCachedResponse<T = unknown>(promptHash: string): Promise<T | null> {
    return isObserved() ? this.#get<T>(promptHash) : super.getCachedResponse<T>(promptHash);
  }

  override cacheResponse(promptHash: string, response: unknown, ttlSeconds?: number): Promise<boolean> {
    if (!isObserved()) return super.cacheResponse(promptHash, response, ttlSeconds);
    const operation = this.#operation('cacheResponse');
    const onPacked = (bytes: number): void => void (operation.bytes = bytes);
    return operation.observe(
      () => this.#parts.writer.set(promptHash, response, ttlSeconds, onPacked),
      confirmed,
    );
  }

  override setMany(responses: readonly ResponseToCache[]): Promise<boolean[]> {
    if (!isObserved()) return super.setMany(responses);
    const operation = this.#operation('setMany');
    return operation.observe(
      () => super.setMany(responses),
      (stored) => {
        operation.count = stored.length;
        return confirmed(!stored.includes(false));
      },
    );
  }

  override getOrSet<T>(key: string, factory: Factory<T>, options?: GetOrSetOptions): Promise<T> {
    if (!isObserved()) return super.getOrSet(key, factory, options);
    return this.getOrSetEntry(key, factory, options).then(({ value }) => value);
  }

  override getOrSetEntry<T>(
    key: string,
    factory: Factory<T>,
    options?: GetOrSetOptions,
  ): Promise<CacheResult<T>> {
    if (!isObserved()) return super.getOrSetEntry(key, factory, options);
    const operation = this.#operation('getOrSet');
    return operation.observe(
      () => this.#parts.getOrSet.entry(key, factory, options, operation),
      outcomeOfResult,
    );
  }

  override getOrStream<C, V>(
    key: string,
    factory: StreamFactory<C>,
    options: GetOrStreamOptions<C, V>,
  ): Promise<CacheStream<C, V>> {
    if (!isObserved()) return super.getOrStream(key, factory, options);
    const operation = this.#operation('getOrStream');
    return operation.observe(
      () => this.#parts.getOrStream.open(key, factory, options, operation),
      outcomeOfResult,
    );
  }

  override lookup(key: string, options: LookupOptions & { as: 'bytes' }): Promise<BytesLookup>;
  override lookup<T = unknown>(
    key: string,
    options?: LookupOptions & { as?: 'value' },
  ): Promise<CacheLookup<T>>;
  override lookup<T>(key: string, options: LookupOptions = {}): Promise<CacheLookup<T> | BytesLookup> {
    const { lookups } = this.#parts;
    if (!isObserved()) return lookups.lookup<T>(key, options);
    const operation = this.#operation('lookup');
    return operation.observe(
      () => lookups.lookup<T>(key, options),
      (found) => {
        if ('json' in found) operation.bytes = found.json.byteLength;
        return found.status === 'miss' && options.hitsOnly === true ? 'deferred' : outcomeOfLookup(found);
      },
    );
  }

  override lookupNear<T = unknown>(key: string): ValueHit<T> | undefined {
    const hit = super.lookupNear<T>(key);
    if (isObserved()) this.#operation('lookupNear').publish(hit === undefined ? 'deferred' : 'near');
    return hit;
  }

  override delete(keys: string | readonly string[]): Promise<boolean> {
    if (!isObserved()) return super.delete(keys);
    return this.#operation('delete').observe(() => super.delete(keys), confirmed);
  }

  override invalidateTags(...tags: string[]): Promise<boolean> {
    if (!isObserved()) return super.invalidateTags(...tags);
    return this.#operation('invalidateTags').observe(() => super.invalidateTags(...tags), confirmed);
  }

  override clearCache(): Promise<boolean> {
    if (!isObserved()) return super.clearCache();
    return this.#operation('clearCache').observe(() => super.clearCache(), confirmed);
  }

  override resume<T>(
    ticket: ComputationTicket,
    factory: Factory<T>,
    options?: ResumeOptions,
  ): Promise<CacheResult<T>> {
    if (!isObserved()) return super.resume(ticket, factory, options);
    return this.#operation('resume').observe(() => super.resume(ticket, factory, options), outcomeOfResult);
  }

  async #get<T>(promptHash: string): Promise<T | null> {
    const found = await this.#operation('getCachedResponse').observe(async () => {
      assertKey(promptHash, 'promptHash');
      return (await this.#parts.lookups.lookup<T>(promptHash, {})) as CacheLookup<T>;
    }, outcomeOfLookup);
    return found.status === 'hit' ? found.value : null;
  }

  #operation(name: CacheOperationName): CacheOperation {
    return new CacheOperation(name, this.#parts.guard.states.cache);
  }
}

function confirmed(isDone: boolean): OperationOutcome {
  return isDone ? 'ok' : 'fallback';
}

function outcomeOfLookup(found: CacheLookup<unknown> | BytesLookup): OperationOutcome {
  if (found.status === 'hit') return found.source === 'near' ? 'near' : 'hit';
  return found.status === 'bypass' ? 'fallback' : 'miss';
}

function outcomeOfResult({
  status,
  source,
}: Pick<CacheResult<unknown>, 'status' | 'source'>): OperationOutcome {
  if (status === 'bypass') return 'fallback';
  return status === 'hit' && source === 'near' ? 'near' : status;
}
