import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  Optional,
} from '@nestjs/common';
import { type AbstractHttpAdapter, HttpAdapterHost, ModuleRef } from '@nestjs/core';
import type { IncomingHttpHeaders } from 'node:http';
import { defer, type Observable } from 'rxjs';
import { type GetOrSetOptions, RedisCacheService } from '../core.js';
import { getRedisCacheToken } from '../nest/redis-cache.tokens.js';
import { CachedExchange } from './cached-exchange.js';
import { type CachedRoute, CachedRoutes } from './cached-route.js';
import { isRecorded, type ResponseState } from './recorded-response.js';
import { RequestCachePolicy } from './request-policy.js';
import type { HttpCacheOptions } from './http-cache.decorator.js';
import { UncacheableKeys } from './uncacheable-keys.js';
import { createHash } from 'node:crypto';

interface HttpRequest {
  headers: IncomingHttpHeaders;
}

/** Requests that an interceptor already serves: a second one on the same handler would wait for the first. */
const begun = new WeakSet<HttpRequest>();

/**
 * Caches the responses of GET and HEAD handlers, on Express and Fastify: computes each once for all requests that
 * arrive at the same time, replies to a matching `If-None-Match` with 304, reports in `Cache-Status` where the
 * response came from, and obeys the request's `Cache-Control`. See `@HttpCache()` for the options.
 *
 * Caches responses with status 200 and a JSON or text body, separately for each `Authorization`, not longer than their
 * own `Cache-Control` or `Expires` says. Never caches responses that set a cookie, also if middleware sets it when they
 * are sent, that carry `no-store`, `no-cache` or `private`, or whose `Vary` names a header outside the key, nor streams, files, redirects, views, events, and responses that a handler sends itself with `@Res()`.
 *
 * Interceptors that change the body must come after this one: those before it receive the cached body.
 *
 * @example
 * @Controller('articles')
 * @UseInterceptors(HttpCacheInterceptor)
 * export class ArticlesController {
 *   @Get()
 *   @HttpCache({ ttlSeconds: 60, tags: ['articles'] })
 *   list(): Promise<Article[]> { … }
 * }
 */
@Injectable()
export class HttpCacheInterceptor implements NestInterceptor {
  readonly #routes = new CachedRoutes();
  readonly #uncacheable = new UncacheableKeys();

  constructor(
    private readonly host: HttpAdapterHost,
    private readonly modules: ModuleRef,
    @Optional() private readonly defaultCache?: RedisCacheService,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const request = context.switchToHttp().getRequest<HttpRequest>();
    const method = this.host.httpAdapter.getRequestMethod(request) as string;
    const route = method === 'GET' || method === 'HEAD' ? this.#routes.of(context) : null;
    if (route === null || begun.has(request)) return next.handle();
    begun.add(request);
    return defer(async () => this.#exchange(context, next, route).respond());
  }

  #exchange(context: ExecutionContext, next: CallHandler, route: CachedRoute): CachedExchange {
    const { options } = route;
    const request = context.switchToHttp().getRequest<HttpRequest>();
    const keyHeaders = keyHeadersOf(options);
    const { headers } = request;
    const values = keyHeaders.map((name) => headers[name]?.toString());
    return new CachedExchange({
      cache: this.#cache(options.name),
      adapter: this.host.httpAdapter,
      response: context.switchToHttp().getResponse<ResponseState>(),
      next,
      key: personalKey(keyOf(context, route, this.host.httpAdapter), values),
      keyHeaders,
      settings: settingsOf(options, context),
      policy: RequestCachePolicy.of(
        options.honourCacheControl === false ? undefined : headers['cache-control'],
      ),
      ifNoneMatch: headers['if-none-match'],
      uncacheable: this.#uncacheable,
    });
  }

  #cache(name: string | undefined): RedisCacheService {
    if (name === undefined && this.defaultCache) return this.defaultCache;
    return this.modules.get<RedisCacheService>(getRedisCacheToken(name), { strict: false });
  }
}

function keyHeadersOf({ varyByAuthorization = true, varyByHeaders = [] }: HttpCacheOptions): string[] {
  const names = varyByHeaders.map((name) => name.toLowerCase());
  return varyByAuthorization ? ['authorization', ...names] : names;
}

function keyOf(context: ExecutionContext, route: CachedRoute, adapter: AbstractHttpAdapter): string {
  const { key } = route.options;
  if (key !== undefined) return typeof key === 'function' ? key(context) : key;
  const request: unknown = context.switchToHttp().getRequest();
  return requestKey({
    method: adapter.getRequestMethod(request) as string,
    host: adapter.getRequestHostname(request) as string,
    url: adapter.getRequestUrl(request) as string,
    handler: route.handler,
  });
}

function settingsOf(options: HttpCacheOptions, context: ExecutionContext): GetOrSetOptions {
  const { key: _key, name: _name, tags, shouldCache, maxTtlSeconds, ...rest } = options;
  const { varyByAuthorization: _a, varyByHeaders: _h, honourCacheControl: _c, ...settings } = rest;
  return {
    ...settings,
    ...(tags && { tags: typeof tags === 'function' ? tags(context) : tags }),
    shouldCache: (value) => isRecorded(value) && (shouldCache?.(value.body) ?? true),
    maxTtlSeconds: (value) => (isRecorded(value) ? (maxTtlSeconds?.(value.body) ?? Infinity) : Infinity),
  };
}

/** Everything on which the response to a request depends, apart from headers. */
export interface RequestIdentity {
  method: string;
  host: string;
  /** Path and query as sent by the client. */
  url: string;
  /** Controller, method and version of the handler: one URL can have several. */
  handler: string;
}

const SHOWN_PATH_LENGTH = 200;

/**
 * Returns the key of a request: method and the beginning of the path in clear text, for people who look into
 * Redis, and the SHA-256 of everything, since a query may contain a secret. The order of the query does not matter.
 */
export function requestKey({ method, host, url, handler }: RequestIdentity): string {
  const [path = '', query = ''] = splitUrl(url);
  const digest = sha256(JSON.stringify([method, host, path, sortedQuery(query), handler]));
  return `${method} ${path.slice(0, SHOWN_PATH_LENGTH)} ${digest}`;
}

/** Returns a key that only requests with these header values share. It contains their hash, not the values. */
export function personalKey(key: string, values: readonly (string | undefined)[]): string {
  if (values.every((value) => value === undefined)) return key;
  return `${key} ${sha256(JSON.stringify(values.map((value) => value ?? null)))}`;
}

function splitUrl(url: string): [path: string, query: string] {
  const start = url.indexOf('?');
  return start === -1 ? [url, ''] : [url.slice(0, start), url.slice(start + 1)];
}

// A stable sort by name: the order of the values of one name may be significant.
function sortedQuery(query: string): string[] {
  return query.split('&').toSorted(byName);
}

function byName(pair: string, other: string): number {
  const [name, otherName] = [pair.split('=', 1)[0]!, other.split('=', 1)[0]!];
  if (name === otherName) return 0;
  return name < otherName ? -1 : 1;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
