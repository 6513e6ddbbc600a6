import { type CallHandler, GatewayTimeoutException, HttpStatus } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { lastValueFrom } from 'rxjs';
import type { CacheResult } from '../core/cache/cache-result.js';
import type { GetOrSetOptions } from '../core/options/get-or-set-options.js';
import type { RedisCacheService } from '../core/redis-cache.service.js';
import {
  type CacheStatus,
  cacheStatusOf,
  formatCacheStatus,
  forwarded,
  type ForwardReason,
} from './cache-status.js';
import { matchesEntityTag } from './entity-tag.js';
import {
  isRecorded,
  recordBody,
  type RecordedResponse,
  recordResponse,
  type ResponseState,
  UNSHARED,
  type UnsharedResponse,
} from './recorded-response.js';
import { RequestCachePolicy } from './request-policy.js';
import { fromSharedFailure, toSharedFailure } from './shared-failure.js';

/** A request to a handler whose responses are cached. */
export interface ExchangeParts {
  cache: RedisCacheService;
  adapter: AbstractHttpAdapter;
  response: ResponseState;
  next: CallHandler;
  key: string;
  /** Names, in lower case, of the headers in the key. */
  keyHeaders: readonly string[];
  settings: GetOrSetOptions;
  policy: RequestCachePolicy;
  ifNoneMatch: string | undefined;
}

/** What this request's own run of the handler came to. */
interface Run {
  value: unknown;
  /** `null`: for this request alone. */
  recorded: RecordedResponse | null;
}

type Shared = RecordedResponse | UnsharedResponse;

/** Answers one request, from the cache or by its handler, and writes the headers that say which. */
export class CachedExchange {
  #run: Run | undefined;
  #sent: RecordedResponse | undefined;

  constructor(private readonly use: ExchangeParts) {}

  /** The body for Nest to send; `undefined` with status 304. Rejects with what the handler throws. */
  async answer(): Promise<unknown> {
    const { policy } = this.use;
    if (policy.action === 'lookup') return this.#answerFromStore();
    if (policy.action === 'fail') return this.#fail();
    if (policy.action === 'bypass') return this.#answerUnstored(forwarded('request'));
    if (policy.action === 'recompute') return this.#answerAnew();
    const result = await this.#getOrSet(policy);
    return policy.isTooOld(result) ? this.#answerAnew() : this.#deliver(result, this.#statusOf(result));
  }

  async #answerFromStore(): Promise<unknown> {
    const { cache, key, policy } = this.use;
    const found = await cache.lookup(key);
    if (found.status === 'hit' && isRecorded(found.value) && !policy.isTooOld(found)) {
      return this.#send(found.value, { outcome: 'hit', ttlSeconds: found.ttlSeconds }, found.ageSeconds);
    }
    return this.#fail();
  }

  #fail(): never {
    this.#setHeader('Cache-Status', formatCacheStatus({ outcome: 'unsatisfied' }));
    throw new GatewayTimeoutException('Nothing is stored that would do, and only-if-cached asks for no more');
  }

  async #answerAnew(): Promise<unknown> {
    const result = await this.#getOrSet(RequestCachePolicy.RECOMPUTE);
    return this.#deliver(result, forwarded('request', { stored: result.stored }));
  }

  /** By the handler, past the cache. */
  async #answerUnstored(status: CacheStatus): Promise<unknown> {
    const { recorded, value } = this.#run ?? (await this.#runHandler());
    if (recorded !== null) return this.#send(recorded, status, null);
    this.#setHeader('Cache-Status', formatCacheStatus(status));
    return value;
  }

  async #getOrSet({ access }: RequestCachePolicy): Promise<CacheResult<Shared>> {
    const { cache, key, settings } = this.use;
    try {
      return await cache.getOrSetEntry<Shared>(key, () => this.#compute(), { ...settings, ...access });
    } catch (error) {
      throw fromSharedFailure(error);
    }
  }

  async #compute(): Promise<Shared> {
    try {
      return (await this.#runHandler()).recorded ?? UNSHARED;
    } catch (error) {
      throw toSharedFailure(error);
    }
  }

  async #runHandler(): Promise<Run> {
    const { response, next } = this.use;
    const before = { ...response.getHeaders() };
    const value: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
    this.#run = { value, recorded: this.#record(value, before) };
    return this.#run;
  }

  // A refresh may go on after the answer. Whatever the response then has was written while sending it.
  #record(value: unknown, before: ReturnType<ResponseState['getHeaders']>): RecordedResponse | null {
    const { response, keyHeaders } = this.use;
    return this.#sent
      ? recordBody(value, this.#sent.headers, response)
      : recordResponse(value, response, before, keyHeaders);
  }

  /** What is for one request alone is for the request whose handler made it; the others run their own. */
  async #deliver(result: CacheResult<Shared>, status: CacheStatus): Promise<unknown> {
    if (!isRecorded(result.value)) return this.#answerUnstored(forwarded(reasonOf(status)));
    return this.#send(result.value, status, result.source === 'factory' ? null : result.ageSeconds);
  }

  #send(recorded: RecordedResponse, status: CacheStatus, ageSeconds: number | null): unknown {
    const { adapter, response, ifNoneMatch } = this.use;
    this.#sent = recorded;
    const headers = { etag: recorded.entityTag, ...recorded.headers };
    for (const [name, value] of Object.entries(headers)) this.#setHeader(name, value);
    this.#setHeader('Cache-Status', formatCacheStatus(status));
    if (ageSeconds !== null) this.#setHeader('Age', String(Math.floor(ageSeconds)));
    if (!matchesEntityTag(ifNoneMatch, String(headers.etag))) return recorded.body;
    adapter.status(response, HttpStatus.NOT_MODIFIED);
    return undefined;
  }

  #setHeader(name: string, value: number | string | readonly string[]): void {
    this.use.adapter.setHeader(this.use.response, name, value as string);
  }

  #statusOf(result: CacheResult<Shared>): CacheStatus {
    return cacheStatusOf(result, this.use.cache.getStatus().writable);
  }
}

// A hit that is no response, but something else that lies under the key, is as good as none.
function reasonOf(status: CacheStatus): ForwardReason {
  return status.outcome === 'forward' ? status.reason : 'miss';
}
