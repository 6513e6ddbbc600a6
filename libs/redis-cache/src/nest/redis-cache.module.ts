import { type DynamicModule, Module } from '@nestjs/common';
import { type EnvLookup, optionsFromEnv, type RedisCacheOptions } from '../core.js';
import { getRedisCacheHealthToken } from '../health/redis-cache.health.js';
import {
  type ConsumerRegistration,
  createConsumerProvider,
  getRequestConsumerToken,
} from './consumer-providers.js';
import { ENV_LOOKUP, envModule } from './env-module.js';
import { registrationNames } from './option-names.js';
import {
  ASYNC_OPTIONS_TYPE,
  ConfigurableModuleClass,
  createHealthProvider,
  createLifecycleProvider,
  createServiceProvider,
  OPTIONS_TYPE,
  type RedisCacheModuleExtras,
} from './redis-cache.providers.js';
import { getRedisCacheToken } from './redis-cache.tokens.js';

type AsyncOptions = typeof ASYNC_OPTIONS_TYPE | RedisCacheModuleExtras;

const ASYNC_OPTIONS = registrationNames<typeof ASYNC_OPTIONS_TYPE>({
  useFactory: true,
  useClass: true,
  useExisting: true,
  inject: true,
  imports: true,
  provideInjectionTokensFrom: true,
  isGlobal: true,
  name: true,
});

/** Holds what `registerConsumer` registers. */
@Module({})
class RequestConsumerModule {}

/**
 * Provides `RedisCacheService` and `RedisCacheHealthIndicator`, and closes the service when the application shuts
 * down. The start of the application never waits for Redis and never fails because of it.
 *
 * Each registration is a cache of its own. Two of them without a name, or with the same name, are reported by a warning
 * when the application starts: modules then share nothing, which is rarely meant.
 *
 * @example
 * @Module({ imports: [ConfigModule.forRoot(), RedisCacheModule.forRootAsync()] })
 * export class AppModule {}
 */
@Module({})
export class RedisCacheModule extends ConfigurableModuleClass {
  /**
   * Registers an instance with the given options.
   *
   * @throws {InvalidOptionsError} when the module is built and an option is wrong
   */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return withInstance(super.forRoot(options), options.name);
  }

  /**
   * Registers an instance with options from a factory, a class or an existing provider. Without any of these they
   * are read from `ConfigService`: `REDIS_URL`, `REDIS_HOST`, … (see `optionsFromEnv`). If the configuration is
   * loaded asynchronously, list its `ConfigModule.forRoot(…)` in `imports`, so that Nest waits for it.
   *
   * @throws {InvalidOptionsError} an unknown field; when the module is built, a wrong option or variable
   * @throws {Error} when the module is built without a factory, class or provider, and `@nestjs/config` is not installed
   */
  static override forRootAsync(options: AsyncOptions = {}): DynamicModule {
    ASYNC_OPTIONS.check(options);
    return withInstance(
      super.forRootAsync(hasSource(options) ? options : fromConfigService(options)),
      options.name,
    );
  }

  /**
   * Registers a `RequestConsumer`, which Nest starts and stops with the application. Its cache instance must be
   * global, or exported by one of `imports`.
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
    imports: [envModule(options.imports)],
    inject: [ENV_LOOKUP],
    useFactory: (lookup: EnvLookup): RedisCacheOptions => optionsFromEnv(lookup),
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
      createLifecycleProvider(name),
    ],
    exports: [getRedisCacheToken(name), getRedisCacheHealthToken(name)],
  };
}
