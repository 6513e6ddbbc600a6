import {
  ConfigurableModuleBuilder,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { type Concealed, concealing } from 'nestjs-redis-connection';
import {
  createRedisCache,
  ProcessHold,
  type RedisCacheOptions,
  type RedisCacheService,
  resolveOptions,
} from '../core.js';
import { getRedisCacheHealthToken, RedisCacheHealthIndicator } from '../health/redis-cache.health.js';
import { registrationsOf, repeatedRegistration } from './repeated-registration.js';
import { getRedisCacheToken } from './redis-cache.tokens.js';

/** Options of the registration rather than of the cache. */
export interface RedisCacheModuleExtras {
  /** Makes the exported providers available in all modules; default `false`. */
  isGlobal?: boolean;
  /** Name of this instance for `@InjectRedisCache(name)`; the default instance has none. */
  name?: string;
}

/** To be implemented by a class that is given as `useClass` or `useExisting`. */
export interface RedisCacheOptionsFactory {
  createRedisCacheOptions(): RedisCacheOptions | Promise<RedisCacheOptions>;
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<RedisCacheOptions>({ moduleName: 'RedisCache' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createRedisCacheOptions')
    .setExtras<RedisCacheModuleExtras>({ isGlobal: false, name: undefined }, (definition, extras) => ({
      ...definition,
      providers: definition.providers?.map((provider) =>
        isOptions(provider) ? concealing(provider) : provider,
      ),
      global: extras.isGlobal,
    }))
    .build();

function isOptions(provider: Provider): boolean {
  return typeof provider === 'object' && provider.provide === MODULE_OPTIONS_TOKEN;
}

const holds = new WeakMap<RedisCacheService, ProcessHold>();

/** Provides the service of an instance, which logs through Nest's `Logger`. */
export function createServiceProvider(name: string | undefined): Provider {
  return {
    provide: getRedisCacheToken(name),
    useFactory: (options: Concealed<RedisCacheOptions>) => {
      const hold = new ProcessHold(false);
      const cache = createRedisCache(options.reveal(), { logger: loggerOf(name), hold, name });
      holds.set(cache, hold);
      return cache;
    },
    inject: [MODULE_OPTIONS_TOKEN],
  };
}

const loggerOf = (name: string | undefined): Logger =>
  new Logger(name === undefined ? 'RedisCache' : `RedisCache:${name}`);

/** Provides the health indicator of an instance. */
export function createHealthProvider(name: string | undefined): Provider {
  return {
    provide: getRedisCacheHealthToken(name),
    useFactory: (cache: RedisCacheService, options: Concealed<RedisCacheOptions>) =>
      new RedisCacheHealthIndicator(cache, resolveOptions(options.reveal()).health),
    inject: [getRedisCacheToken(name), MODULE_OPTIONS_TOKEN],
  };
}

/**
 * Lets an instance keep the process alive once the application has started, and closes it when that shuts down. Warns
 * if the application registers it more than once.
 */
export function createLifecycleProvider(name: string | undefined): Provider {
  return {
    provide: CacheLifecycle,
    useFactory: (cache: RedisCacheService, modules: ModulesContainer) =>
      new CacheLifecycle(cache, modules, name),
    inject: [getRedisCacheToken(name), ModulesContainer],
  };
}

class CacheLifecycle implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly cache: RedisCacheService,
    private readonly modules: ModulesContainer,
    private readonly name: string | undefined,
  ) {}

  // Reported by the first registration only.
  onModuleInit(): void {
    const found = registrationsOf(this.modules, getRedisCacheToken(this.name), CacheLifecycle);
    if (found.length < 2 || found[0]?.instance !== this) return;
    const places = found.map(({ place }) => place);
    loggerOf(this.name).warn(repeatedRegistration(this.name, places));
  }

  // Nobody closes the connections of an application that failed to start.
  onApplicationBootstrap(): void {
    holds.get(this.cache)?.set(true);
  }

  // Not in onModuleDestroy: requests that are still in progress need the cache until then.
  async onApplicationShutdown(): Promise<void> {
    await this.cache.close();
  }
}
