import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { RedisCacheOptions } from '../core/options/redis-cache-options.js';

/** What belongs to the registration rather than to the cache. */
export interface RedisCacheModuleExtras {
  /** Makes the exported providers available without importing the module again; default `false`. */
  isGlobal?: boolean;
  /** Name of this instance for `@InjectRedisCache(name)`; the plain instance has none. */
  name?: string;
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<RedisCacheOptions>({ moduleName: 'RedisCache' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createRedisCacheOptions')
    .setExtras<RedisCacheModuleExtras>({ isGlobal: false, name: undefined }, (definition, extras) => ({
      ...definition,
      global: extras.isGlobal,
    }))
    .build();

/** What a class given as `useClass` or `useExisting` implements. */
export interface RedisCacheOptionsFactory {
  createRedisCacheOptions(): RedisCacheOptions | Promise<RedisCacheOptions>;
}
