import { type CustomDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { GetOrSetOptions } from '../core.js';
import { assertDecoratorOptions, COMPUTING_OPTIONS, decoratorOptionNames } from '../nest/option-names.js';

/** Options of `@HttpCache()`: those of `getOrSet`, and what distinguishes requests. */
export interface HttpCacheOptions extends Omit<
  GetOrSetOptions,
  'tags' | 'signal' | 'readPolicy' | 'writePolicy'
> {
  /**
   * Key in place of method, host, path, query and handler; a function receives the request's context. A hash of
   * `Authorization` and of the headers in `varyByHeaders` is appended if the request has them.
   */
  key?: string | ((context: ExecutionContext) => string);
  /** Names for invalidating the response; a function receives the request's context. Default none. */
  tags?: readonly string[] | ((context: ExecutionContext) => readonly string[]);
  /** `false` if the response does not depend on the user, so that all users share it. Default `true`. */
  varyByAuthorization?: boolean;
  /** More request headers on which the response depends, such as `Cookie` or `Accept-Language`. Default none. */
  varyByHeaders?: readonly string[];
  /**
   * `false` ignores the request's `Cache-Control`, so that clients cannot force an expensive handler to run.
   * Default `true`.
   */
  honourCacheControl?: boolean;
  /** Name of the cache instance. Default: the default instance. */
  name?: string;
}

const OPTIONS = decoratorOptionNames<HttpCacheOptions>({
  ...COMPUTING_OPTIONS,
  key: true,
  tags: true,
  varyByAuthorization: true,
  varyByHeaders: true,
  honourCacheControl: true,
  name: true,
});

export const HTTP_CACHE_METADATA = 'nestjs-redis-cache:http-cache';

/**
 * Sets how `HttpCacheInterceptor` caches the responses of a handler, or of all handlers of a controller; a handler's
 * options take precedence over its controller's. `false` excludes a handler or controller.
 *
 * @throws {InvalidCallOptionError} on an unknown option or a wrong value, when the class is defined; also `InvalidTtlError` and
 * `InvalidTagError`
 * @example
 * @Controller('articles')
 * @UseInterceptors(HttpCacheInterceptor)
 * export class ArticlesController {
 *   @Get(':id')
 *   @HttpCache({ ttlSeconds: 600, tags: ['articles'], varyByAuthorization: false })
 *   find(@Param('id') id: string): Promise<Article> { … }
 * }
 */
export function HttpCache(options: HttpCacheOptions | false = {}): CustomDecorator {
  if (options !== false) {
    OPTIONS.check(options);
    assertDecoratorOptions(options);
  }
  return SetMetadata(HTTP_CACHE_METADATA, options);
}
