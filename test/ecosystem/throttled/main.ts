/**
 * Nest applications with `@nestjs/throttler` and our storage, on PLATFORM `express` or `fastify`, in a process of their own:
 * `@nestjs/throttler` requires Nest as CommonJS, which Jest cannot load. Prints their addresses by name, as JSON.
 */
import 'reflect-metadata';
import { type INestApplication, Module, type Type } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ThrottlerGuard, ThrottlerModule, type ThrottlerModuleOptions } from '@nestjs/throttler';
import { RedisCacheModule, RedisCacheService } from 'nestjs-redis-cache';
import { RedisThrottlerStorage } from 'nestjs-redis-cache/throttler';
import {
  BLOCK_MS,
  DefaultController,
  LimitController,
  NamedController,
  TogetherController,
  WINDOW_MS,
} from './controllers.js';

type Settings = Exclude<ThrottlerModuleOptions, unknown[]>;

const { PLATFORM, REDIS_URL: url, KEY_PREFIX: keyPrefix = '' } = process.env;

/** Each application has keys of its own: only those of other processes with the same name share its counts. */
function moduleOf(name: string, controllers: Type[], settings: Settings): Type {
  const throttler = ThrottlerModule.forRootAsync({
    inject: [RedisCacheService],
    useFactory: (cache: RedisCacheService) => ({ ...settings, storage: new RedisThrottlerStorage(cache) }),
  });
  const cache = RedisCacheModule.forRoot({
    isGlobal: true,
    connection: { url },
    keyPrefix: `${keyPrefix}-${name}`,
  });
  @Module({
    imports: [cache, throttler],
    controllers,
    providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
  })
  class AppModule {}
  return AppModule;
}

async function listen(module: Type, trustProxy: boolean): Promise<string> {
  const adapter = PLATFORM === 'express' ? new ExpressAdapter() : new FastifyAdapter({ trustProxy });
  const app: INestApplication = await NestFactory.create(module, adapter, { logger: ['error'] });
  if (PLATFORM === 'express') (app as NestExpressApplication).set('trust proxy', trustProxy);
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
}

const five = { ttl: WINDOW_MS, limit: 5, blockDuration: BLOCK_MS };
const routes = {
  throttlers: [five],
  ignoreUserAgents: [/monitor/],
  errorMessage: (_context: unknown, { limit, totalHits }: { limit: number; totalHits: number }) =>
    `call ${totalHits} of ${limit}`,
};
const named = {
  throttlers: [
    { name: 'long', ttl: 3 * WINDOW_MS, limit: 3 },
    { name: 'default', ttl: 2 * WINDOW_MS, limit: 2, blockDuration: BLOCK_MS },
    { name: 'short', ttl: WINDOW_MS, limit: 1, blockDuration: BLOCK_MS },
  ],
};
const skipped = { throttlers: [{ ...five, limit: 1, skipIf: () => true }] };
const silent = { throttlers: [{ ...five, limit: 1 }], setHeaders: false };

const addresses = {
  routes: await listen(
    moduleOf('routes', [DefaultController, LimitController, TogetherController], routes),
    false,
  ),
  named: await listen(moduleOf('named', [NamedController], named), false),
  skipped: await listen(moduleOf('skipped', [DefaultController], skipped), false),
  silent: await listen(moduleOf('silent', [DefaultController], silent), false),
  proxied: await listen(moduleOf('proxied', [LimitController], routes), true),
};
console.log(`Listening on ${JSON.stringify(addresses)}`);
