import { type CallHandler, GatewayTimeoutException, HttpException, HttpStatus } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { lastValueFrom } from 'rxjs';
import {
  type CacheResult,
  type GetOrSetOptions,
  type RedisCacheService,
  RemoteFactoryError,
} from '../core.js';
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
  jsonOf,
  recordBody,
  type RecordedResponse,
  recordResponse,
  type ResponseState,
  UNSHARED,
  type UnsharedResponse,
} from './recorded-response.js';
import { RequestCachePolicy } from './request-policy.js';

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
}

/** Outcome of the handler when it ran for this request. */
interface Run {
  value: unknown;
  /** `null` if other requests must not get the response. */
  recorded: RecordedResponse | null;
}

type Shared = RecordedResponse | UnsharedResponse;

/** Serves one request from the cache or by its handler, and sets the headers that report which. */
export class CachedExchange {
  #run: Run | undefined;
  #sent: RecordedResponse | undefined;

  constructor(private readonly use: ExchangeContext) {}

  /** Returns the body for Nest to send; `undefined` with status 304. Rejects with what the handler throws. */
  async respond(): Promise<unknown> {
    const { policy } = this.use;
    if (policy.action === 'lookup') return this.#respondFromStore();
    if (policy.action === 'fail') return this.#fail();
    if (policy.action === 'bypass') return this.#respondUnshared(forwarded('request'));
    if (policy.action === 'recompute') return this.#recompute();
    const result = await this.#getOrSet(policy);
    return policy.isTooOld(result) ? this.#recompute() : this.#deliver(result, this.#statusOf(result));
  }

  async #respondFromStore(): Promise<unknown> {
    const { cache, key, policy } = this.use;
    const found = await cache.lookup(key);
    if (found.status === 'hit' && isRecorded(found.value) && !policy.isTooOld(found)) {
      return this.#send(found.value, { outcome: 'hit', ttlSeconds: found.ttlSeconds }, found.ageSeconds);
    }
    return this.#fail();
  }

  #fail(): never {
    this.#setHeader('Cache-Status', formatCacheStatus({ outcome: 'unsatisfied' }));
    throw new GatewayTimeoutException(
      'No stored response is acceptable, and only-if-cached does not allow to compute one',
    );
  }

  async #recompute(): Promise<unknown> {
    const result = await this.#getOrSet(RequestCachePolicy.RECOMPUTE);
    return this.#deliver(result, forwarded('request', { stored: result.stored }));
  }

  /** Responds with the handler's own result, without the cache. */
  async #respondUnshared(status: CacheStatus): Promise<unknown> {
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

  // A refresh may continue after the response was sent, and the headers that it has then were added by sending it.
  #record(value: unknown, before: ReturnType<ResponseState['getHeaders']>): RecordedResponse | null {
    const { response, keyHeaders } = this.use;
    return this.#sent
      ? recordBody(value, this.#sent.headers, response)
      : recordResponse(value, response, before, keyHeaders);
  }

  /** An unshared response goes to the request whose handler produced it; the others run their own handler. */
  async #deliver(result: CacheResult<Shared>, status: CacheStatus): Promise<unknown> {
    if (!isRecorded(result.value)) return this.#respondUnshared(forwarded(reasonOf(status)));
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

// A hit that is not a response, because another value is stored under the key, counts as a miss.
function reasonOf(status: CacheStatus): ForwardReason {
  return status.outcome === 'forward' ? status.reason : 'miss';
}

const CODE = 'ERR_HTTP_RESPONSE ';
/** A failure with a longer code stays in this process. */
const MAX_CODE_LENGTH = 8_192;

/**
 * Returns a handler's failure with status and body in its `code`, because other processes receive only an error's
 * message and code. It has the error as its prototype, so that `negativeTtlSeconds` recognises the error's class.
 */
export function toSharedFailure(error: unknown): unknown {
  if (!(error instanceof HttpException)) return error;
  const json = jsonOf([error.getStatus(), error.getResponse()]);
  if (json === undefined || json.length > MAX_CODE_LENGTH) return error;
  return Object.create(error, { code: { value: CODE + json } });
}

/** Returns the handler's own error, or one with the same status and body if it ran in another process. */
export function fromSharedFailure(error: unknown): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string' || !code.startsWith(CODE)) return error;
  if (!(error instanceof RemoteFactoryError)) return Object.getPrototypeOf(error);
  const [status, body] = JSON.parse(code.slice(CODE.length)) as [number, string | Record<string, unknown>];
  return new HttpException(body, status);
}
