import { type CustomDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { GetOrSetOptions } from '../core/options/get-or-set-options.js';

/** Options of `@ResponseCache()`: those of `getOrSet`, and how requests are told apart. */
export interface ResponseCacheOptions extends Omit<
  GetOrSetOptions,
  'tags' | 'signal' | 'readPolicy' | 'writePolicy'
> {
  /**
   * In place of method, host, path, query and handler; a function gets the request's context. The hash of
   * `Authorization` and of the headers in `varyByHeaders` is added to it, where the request has them.
   */
  key?: string | ((context: ExecutionContext) => string);
  /** Names under which the response can be invalidated; a function gets the request's context. Default none. */
  tags?: readonly string[] | ((context: ExecutionContext) => readonly string[]);
  /** `false` where a response is the same for everybody, whoever asks. Default `true`. */
  varyByAuthorization?: boolean;
  /** More headers that decide the response, such as `Cookie` or `Accept-Language`. Default none. */
  varyByHeaders?: readonly string[];
  /**
   * `false` keeps to the cache whatever the request's `Cache-Control` says, so that nobody can have an
   * expensive handler run at will. Default `true`.
   */
  honourCacheControl?: boolean;
  /** Name of the cache instance. Default: the plain one. */
  name?: string;
}

export const RESPONSE_CACHE_METADATA = 'nestjs-redis-cache:response-cache';

/**
 * How `ResponseCacheInterceptor` caches a handler's responses, or all of a controller's; the handler's
 * options are laid over the controller's. `false`: not at all.
 *
 * @example
 * @Controller('articles')
 * @UseInterceptors(ResponseCacheInterceptor)
 * export class ArticlesController {
 *   @Get(':id')
 *   @ResponseCache({ ttlSeconds: 600, tags: ['articles'], varyByAuthorization: false })
 *   find(@Param('id') id: string): Promise<Article> { … }
 * }
 */
export function ResponseCache(options: ResponseCacheOptions | false = {}): CustomDecorator {
  return SetMetadata(RESPONSE_CACHE_METADATA, options);
}
