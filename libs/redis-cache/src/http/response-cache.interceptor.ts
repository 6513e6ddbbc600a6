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
import type { GetOrSetOptions } from '../core/options/get-or-set-options.js';
import { RedisCacheService } from '../core/redis-cache.service.js';
import { getRedisCacheToken } from '../nest/redis-cache.tokens.js';
import { CachedExchange } from './cached-exchange.js';
import { type CachedRoute, CachedRoutes } from './cached-route.js';
import { isRecorded, type ResponseState } from './recorded-response.js';
import { RequestCachePolicy } from './request-policy.js';
import { personalKey, requestKey } from './request-key.js';
import type { ResponseCacheOptions } from './response-cache.decorator.js';

interface HttpRequest {
  headers: IncomingHttpHeaders;
}

/** By request: two interceptors on one handler would wait for each other. */
const begun = new WeakSet<HttpRequest>();

/**
 * Caches the responses of GET and HEAD handlers, on Express and Fastify: each is computed once for all who
 * ask for it at the same time, answers `If-None-Match` with 304, says in `Cache-Status` where it came from,
 * and does what the request's `Cache-Control` asks for. See `@ResponseCache()` for the options.
 *
 * Cached are responses with status 200 and a JSON or text body, for the sender's `Authorization` alone; not
 * those that set a cookie, that say `no-store` or `private`, whose `Vary` names a header outside the key,
 * streams, files, redirects, views, events, nor what a handler sends itself with `@Res()`.
 *
 * Interceptors that change the body must come after this one: those before it get the body that was cached.
 *
 * @example
 * @Controller('articles')
 * @UseInterceptors(ResponseCacheInterceptor)
 * export class ArticlesController {
 *   @Get()
 *   @ResponseCache({ ttlSeconds: 60, tags: ['articles'] })
 *   list(): Promise<Article[]> { … }
 * }
 */
@Injectable()
export class ResponseCacheInterceptor implements NestInterceptor {
  readonly #routes = new CachedRoutes();

  constructor(
    private readonly host: HttpAdapterHost,
    private readonly modules: ModuleRef,
    @Optional() private readonly plain?: RedisCacheService,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const request = context.switchToHttp().getRequest<HttpRequest>();
    const method = this.host.httpAdapter.getRequestMethod(request) as string;
    const route = method === 'GET' || method === 'HEAD' ? this.#routes.of(context) : null;
    if (route === null || begun.has(request)) return next.handle();
    begun.add(request);
    return defer(async () => this.#exchange(context, next, route).answer());
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
    });
  }

  #cache(name: string | undefined): RedisCacheService {
    if (name === undefined && this.plain) return this.plain;
    return this.modules.get<RedisCacheService>(getRedisCacheToken(name), { strict: false });
  }
}

function keyHeadersOf({ varyByAuthorization = true, varyByHeaders = [] }: ResponseCacheOptions): string[] {
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

function settingsOf(options: ResponseCacheOptions, context: ExecutionContext): GetOrSetOptions {
  const { key: _key, name: _name, tags, shouldCache, ...rest } = options;
  const { varyByAuthorization: _a, varyByHeaders: _h, honourCacheControl: _c, ...settings } = rest;
  return {
    ...settings,
    ...(tags && { tags: typeof tags === 'function' ? tags(context) : tags }),
    shouldCache: (value) => isRecorded(value) && (shouldCache?.(value.body) ?? true),
  };
}
