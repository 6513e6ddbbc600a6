import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { TerminusModule } from '@nestjs/terminus';
import { optionsFromEnv } from '../core/options/env.js';
import type { RedisCacheOptions } from '../core/options/redis-cache-options.js';
import {
  type ConsumerRegistration,
  createConsumerProvider,
  getRequestConsumerToken,
} from './consumer-providers.js';
import {
  ASYNC_OPTIONS_TYPE,
  ConfigurableModuleClass,
  OPTIONS_TYPE,
  type RedisCacheModuleExtras,
} from './redis-cache.module-definition.js';
import {
  createHealthProvider,
  createServiceProvider,
  createShutdownProvider,
} from './redis-cache.providers.js';
import { getRedisCacheHealthToken, getRedisCacheToken } from './redis-cache.tokens.js';

/** What `registerConsumer` fills. */
@Module({})
class RequestConsumerModule {}

/**
 * Provides `RedisCacheService` and `RedisCacheHealthIndicator`. Starting the application never waits
 * for Redis and never fails because of it.
 *
 * @example
 * @Module({ imports: [ConfigModule.forRoot(), RedisCacheModule.forRootAsync()] })
 * export class AppModule {}
 */
@Module({ imports: [TerminusModule] })
export class RedisCacheModule extends ConfigurableModuleClass {
  /**
   * With the options at hand.
   *
   * @throws {InvalidOptionsError} when the module is built and an option is wrong
   */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return withInstance(super.forRoot(options), options.name);
  }

  /**
   * With options from a factory, a class or an existing provider. Without any of these they are read
   * from `ConfigService`: `REDIS_URL`, `REDIS_HOST`, … (see `optionsFromEnv`). Where a configuration is
   * loaded asynchronously, name its `ConfigModule.forRoot(…)` in `imports`, so that it is waited for.
   *
   * @throws {InvalidOptionsError} when the module is built and an option or variable is wrong
   */
  static override forRootAsync(
    options: typeof ASYNC_OPTIONS_TYPE | RedisCacheModuleExtras = {},
  ): DynamicModule {
    return withInstance(
      super.forRootAsync(hasSource(options) ? options : fromConfigService(options)),
      options.name,
    );
  }

  /**
   * A module with a `RequestConsumer`, which Nest starts and stops with the application. The instance it works
   * on has to be global, or exported by one of `imports`.
   *
   * @example
   * RedisCacheModule.registerConsumer({
   *   queue: 'mails',
   *   imports: [MailModule],
   *   inject: [Mailer],
   *   useFactory: (mailer: Mailer) => ({ handler: ({ data }) => mailer.send(data), concurrency: 4 }),
   * })
   */
  static registerConsumer<T>(registration: ConsumerRegistration<T>): DynamicModule {
    return {
      module: RequestConsumerModule,
      imports: registration.imports,
      providers: [createConsumerProvider(registration)],
      exports: [getRequestConsumerToken(registration.queue, registration.name)],
    };
  }
}

function fromConfigService(options: typeof ASYNC_OPTIONS_TYPE): typeof ASYNC_OPTIONS_TYPE {
  return {
    ...options,
    imports: [...(options.imports ?? []), ConfigModule],
    inject: [ConfigService],
    useFactory: (config: ConfigService): RedisCacheOptions => optionsFromEnv((name) => config.get(name)),
  };
}

function hasSource(options: object): options is typeof ASYNC_OPTIONS_TYPE {
  return 'useFactory' in options || 'useClass' in options || 'useExisting' in options;
}

function withInstance(definition: DynamicModule, name: string | undefined): DynamicModule {
  return {
    ...definition,
    providers: [
      ...(definition.providers ?? []),
      createServiceProvider(name),
      createHealthProvider(name),
      createShutdownProvider(name),
    ],
    exports: [getRedisCacheToken(name), getRedisCacheHealthToken(name)],
  };
}
