import { describe, expect, it } from '@jest/globals';
import {
  Body,
  Controller,
  type ExecutionContext,
  Get,
  Next,
  Redirect,
  Render,
  Res,
  Sse,
  Version,
  VERSION_NEUTRAL,
} from '@nestjs/common';
import { EMPTY, type Observable } from 'rxjs';
import { CachedRoutes } from './cached-route.js';
import { HttpCache } from './http-cache.decorator.js';

@Controller({ version: '3' })
@HttpCache({ ttlSeconds: 60, refreshAhead: 0.5 })
class Pages {
  @Get()
  list(): void {}

  @Get('with-body')
  withBody(@Body() _body: unknown): void {}

  @Version('4')
  @Get()
  listNewest(): void {}

  @Version(VERSION_NEUTRAL)
  @Get()
  listAny(): void {}

  @HttpCache({ ttlSeconds: 5 })
  @Get('short')
  short(): void {}

  @HttpCache(false)
  @Get('off')
  off(): void {}

  @Sse('events')
  events(): Observable<never> {
    return EMPTY;
  }

  @Render('view')
  @Get('view')
  view(): void {}

  @Redirect('/')
  @Get('old')
  redirect(): void {}

  @Get('sent')
  sends(@Res() _response: unknown): void {}

  @Get('passed-on')
  passesOn(@Next() _next: unknown): void {}

  @Get('shared')
  shares(@Res({ passthrough: true }) _response: unknown): void {}
}

class MorePages extends Pages {}

const routes = new CachedRoutes();

const routeOf = (method: keyof Pages, controller: typeof Pages = Pages) =>
  routes.of({
    getClass: () => controller,
    getHandler: () => Pages.prototype[method],
  } as unknown as ExecutionContext);

describe('the route of a handler', () => {
  it.each<[keyof Pages, string]>([
    ['list', 'Pages.list@"3"'],
    ['listNewest', 'Pages.listNewest@"4"'],
    ['listAny', 'Pages.listAny@"Symbol(VERSION_NEUTRAL)"'],
  ])('%s is named after class, method and version', (method, handler) => {
    expect(routeOf(method)?.handler).toBe(handler);
  });

  it.each<keyof Pages>(['off', 'events', 'view', 'redirect', 'sends', 'passesOn'])(
    '%s is not cached',
    (method) => {
      expect(routeOf(method)).toBeNull();
      expect(routeOf(method, MorePages)).toBeNull();
    },
  );

  it('has the options of the handler on top of those of the controller', () => {
    expect(routeOf('withBody')?.options).toEqual({ ttlSeconds: 60, refreshAhead: 0.5 });
    expect(routeOf('short')?.options).toEqual({ ttlSeconds: 5, refreshAhead: 0.5 });
  });

  it('never runs in the background if the handler writes to the response', () => {
    expect(routeOf('shares')?.options.refreshAhead).toBeUndefined();
    expect(routeOf('shares')?.options.ttlSeconds).toBe(60);
  });

  it('is determined once', () => {
    expect(routeOf('list')).toBe(routeOf('list'));
  });
});
