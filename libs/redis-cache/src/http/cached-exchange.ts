import type { OutgoingHttpHeaders } from 'node:http';
import { type CallHandler, GatewayTimeoutException, HttpStatus } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { lastValueFrom } from 'rxjs';
import type { CacheResult, GetOrSetOptions, RedisCacheService } from '../core.js';
import {
  type CacheStatus,
  cacheStatusOf,
  formatCacheStatus,
  forwarded,
  type ForwardReason,
  matchesEntityTag,
} from './response-headers.js';
import {
  isRecorded,
  isUnshared,
  recordBody,
  type RecordedResponse,
  recordResponse,
  type ResponseState,
  UNSHARED,
  type UnsharedResponse,
} from './recorded-response.js';
import { RequestCachePolicy } from './request-policy.js';
import { freshSeconds, isShareable } from './response-rules.js';
import { headersWhenSent, type SendingOptions } from './sent-response.js';
import { fromSharedFailure, toSharedFailure } from './shared-failure.js';
import type { UncacheableKeys } from './uncacheable-keys.js';

/** A request to a handler whose responses are cached, and everything needed to serve it. */
export interface ExchangeContext {
  cache: RedisCacheService;
  adapter: AbstractHttpAdapter;
  response: ResponseState;
  next: CallHandler;
  key: string;
  /** Names of the headers in the key, in lower case. */
  keyHeaders: readonly string[];
  settings: GetOrSetOptions;
  policy: RequestCachePolicy;
  ifNoneMatch: string | undefined;
  uncacheable: UncacheableKeys;
}

/** Outcome of the handler when it ran for this request. */
interface Run {
  value: unknown;
  /** `null` if other requests must not get the response. */
  recorded: RecordedResponse | null;
  /** Whether the computation has a lease, without which its response is not stored. */
  leased: boolean;
}

type Shared = RecordedResponse | UnsharedResponse;
type Result = CacheResult<Shared>;

const ignore = (): void => {};

/**
 * Serves one request from the cache or by its handler, and sets the headers that report which. The response of the
 * handler is stored, and given to requests that wait, when it is sent: middleware sets its cookies only then.
 */
export class CachedExchange {
  #run: Run | undefined;
  #sent: RecordedResponse | undefined;
  #status: CacheStatus = forwarded('miss');
  /** How long the response of the handler may be stored, by its own headers. */
  #freshSeconds = Infinity;
  /** Settles when the response of the handler is stored. */
  #storing: Promise<unknown> = Promise.resolve();
  #handlerEnded!: (run: Run) => void;
  readonly #ownRun = new Promise<Run>((resolve) => (this.#handlerEnded = resolve));

  constructor(private readonly use: ExchangeContext) {}

  /** Returns the body for Nest to send; `undefined` with status 304. Rejects with what the handler throws. */
  async respond(): Promise<unknown> {
    const { key, policy, uncacheable } = this.use;
    if (policy.action === 'fail') return this.#fail();
    if (policy.action === 'lookup') return this.#respondFromStore(() => this.#fail());
    if (policy.action === 'bypass') return this.#respondUnshared(forwarded('request'));
    if (policy.action === 'recompute') return this.#recompute();
    return uncacheable.has(key) ? this.#respondFromStore(() => this.#respondAlone()) : this.#getOrCompute();
  }

  async #respondFromStore(otherwise: () => unknown): Promise<unknown> {
    const { cache, key, policy } = this.use;
    const found = await cache.lookup(key);
    if (found.status === 'hit' && isRecorded(found.value) && !policy.isTooOld(found)) {
      return this.#send(found.value, { outcome: 'hit', ttlSeconds: found.ttlSeconds }, found.ageSeconds);
    }
    return otherwise();
  }

  #fail(): never {
    this.#setStatus({ outcome: 'unsatisfied' });
    throw new GatewayTimeoutException(
      'No stored response is acceptable, and only-if-cached does not allow to compute one',
    );
  }

  async #getOrCompute(): Promise<unknown> {
    const { policy } = this.use;
    const outcome = await this.#getOrSet(policy);
    if ('recorded' in outcome) return this.#respondWithOwn(outcome, this.#statusOfOwn(outcome));
    return policy.isTooOld(outcome) ? this.#recompute() : this.#deliver(outcome, this.#statusOf(outcome));
  }

  async #recompute(): Promise<unknown> {
    const outcome = await this.#getOrSet(RequestCachePolicy.RECOMPUTE);
    if (!('recorded' in outcome)) return this.#deliver(outcome, forwarded('request'));
    return this.#respondWithOwn(outcome, forwarded('request', { stored: this.#willStore(outcome) }));
  }

  /** Responds with the handler's own result, without the cache. */
  async #respondUnshared(status: CacheStatus): Promise<unknown> {
    return this.#respondWithOwn(this.#run ?? (await this.#runHandler(false)), status);
  }

  /** Waits for no other request, and lets none wait, until a response can be shared again. */
  async #respondAlone(): Promise<unknown> {
    const { cache } = this.use;
    void this.#shareableResponse(await this.#runHandler(false));
    return this.#respondUnshared(forwarded(cache.getStatus().writable ? 'miss' : 'bypass'));
  }

  #respondWithOwn({ recorded, value }: Run, status: CacheStatus): unknown {
    if (recorded !== null) return this.#send(recorded, status, null);
    this.#setStatus(status);
    return value;
  }

  /** Returns the own run as soon as the handler has ended, otherwise what is stored or another request computed. */
  async #getOrSet({ access }: RequestCachePolicy): Promise<Result | Run> {
    const { cache, key, settings } = this.use;
    const result = cache.getOrSetEntry<Shared>(key, ({ ticket }) => this.#compute(ticket !== null), {
      ...settings,
      ...access,
      maxTtlSeconds: (value) => Math.min(this.#freshSeconds, settings.maxTtlSeconds?.(value) ?? Infinity),
    });
    this.#storing = result.catch(ignore);
    try {
      return await Promise.race([this.#ownRun, result]);
    } catch (error) {
      throw fromSharedFailure(error);
    }
  }

  async #compute(leased: boolean): Promise<Shared> {
    try {
      return (await this.#shareableResponse(await this.#runHandler(leased))) ?? UNSHARED;
    } catch (error) {
      throw toSharedFailure(error);
    }
  }

  async #runHandler(leased: boolean): Promise<Run> {
    const { response, next } = this.use;
    const before = { ...response.getHeaders() };
    const value: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
    this.#run = { value, recorded: this.#record(value, before), leased };
    this.#handlerEnded(this.#run);
    return this.#run;
  }

  // A refresh may continue after the response was sent, and the headers that it has then were added by sending it.
  #record(value: unknown, before: OutgoingHttpHeaders): RecordedResponse | null {
    const { response, keyHeaders } = this.use;
    return this.#sent
      ? recordBody(value, this.#sent.headers)
      : recordResponse(value, response, before, keyHeaders);
  }

  /** Returns the response when it is sent, with its last headers; `null` if other requests must not get it. */
  async #shareableResponse({ recorded }: Run): Promise<RecordedResponse | null> {
    const { key, response, uncacheable } = this.use;
    const inBackground = this.#sent !== undefined;
    const headers = recorded && (await headersWhenSent(response, this.#sending()));
    const shareable = headers !== null && this.#mayShare(headers, inBackground);
    if (!inBackground) uncacheable.note(key, shareable);
    return shareable ? recorded : null;
  }

  #sending(): SendingOptions {
    const cacheStatus = (headers: OutgoingHttpHeaders | null): string =>
      formatCacheStatus(
        headers !== null && this.#mayShare(headers, false) ? this.#status : unstored(this.#status),
      );
    return { lateHeaders: { 'cache-status': cacheStatus }, endAfter: this.#storing };
  }

  // The age of a response that was sent before the handler ended is not the age of the new one.
  #mayShare(sent: OutgoingHttpHeaders, inBackground: boolean): boolean {
    const headers = inBackground ? { ...sent, age: undefined } : sent;
    this.#freshSeconds = freshSeconds(headers);
    return isShareable(headers, this.use.keyHeaders);
  }

  /** An unshared response goes to the request whose handler produced it; the others run their own handler. */
  async #deliver(result: Result, status: CacheStatus): Promise<unknown> {
    if (isRecorded(result.value)) {
      return this.#send(result.value, status, result.source === 'factory' ? null : result.ageSeconds);
    }
    if (isUnshared(result.value)) this.use.uncacheable.note(this.use.key, false);
    return this.#respondUnshared(forwarded(reasonOf(status)));
  }

  #send(recorded: RecordedResponse, status: CacheStatus, ageSeconds: number | null): unknown {
    const { adapter, response, ifNoneMatch } = this.use;
    this.#sent = recorded;
    const headers = { etag: recorded.entityTag, ...recorded.headers };
    for (const [name, value] of Object.entries(headers)) this.#setHeader(name, value);
    this.#setStatus(status);
    if (ageSeconds !== null) this.#setHeader('Age', String(Math.floor(ageSeconds)));
    if (!matchesEntityTag(ifNoneMatch, String(headers.etag))) return recorded.body;
    adapter.status(response, HttpStatus.NOT_MODIFIED);
    return undefined;
  }

  #setStatus(status: CacheStatus): void {
    this.#status = status;
    this.#setHeader('Cache-Status', formatCacheStatus(status));
  }

  #setHeader(name: string, value: number | string | readonly string[]): void {
    this.use.adapter.setHeader(this.use.response, name, value as string);
  }

  #statusOf(result: Result): CacheStatus {
    return cacheStatusOf(result, this.use.cache.getStatus().writable);
  }

  #statusOfOwn(run: Run): CacheStatus {
    const { cache, settings } = this.use;
    const available = cache.getStatus().writable && (run.leased || settings.crossProcess === false);
    return forwarded(available ? 'miss' : 'bypass', { stored: this.#willStore(run) });
  }

  #willStore({ recorded, leased }: Run): boolean {
    const { cache, settings } = this.use;
    if (recorded === null || !leased || !cache.getStatus().writable) return false;
    try {
      return settings.shouldCache?.(recorded) ?? true;
    } catch {
      return false;
    }
  }
}

// A hit that is not a response, because another value is stored under the key, counts as a miss.
function reasonOf(status: CacheStatus): ForwardReason {
  return status.outcome === 'forward' ? status.reason : 'miss';
}

function unstored(status: CacheStatus): CacheStatus {
  return status.outcome === 'forward' ? { ...status, stored: false } : status;
}
