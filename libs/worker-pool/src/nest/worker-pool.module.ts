import {
  ConfigurableModuleBuilder,
  Logger,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { type Concealed, concealing } from 'nestjs-redis-connection';
import { loadWorkerPool, WorkerPool, type WorkerPoolOptions } from '../core.js';
import { registrationsOf, repeatedRegistration } from './repeated-registration.js';

/** Options of the module itself, in addition to those of the pool. */
export interface WorkerPoolModuleExtras {
  /** Makes `WorkerPool` injectable everywhere without importing the module again. Default: false. */
  isGlobal?: boolean;
}

const extras: WorkerPoolModuleExtras = { isGlobal: false };

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<WorkerPoolOptions>()
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createWorkerPoolOptions')
    .setExtras(extras, (definition, { isGlobal }) => ({
      ...definition,
      providers: definition.providers?.map((provider) =>
        isOptions(provider) ? concealing(provider) : provider,
      ),
      global: isGlobal,
    }))
    .build();

function isOptions(provider: Provider): boolean {
  return typeof provider === 'object' && provider.provide === MODULE_OPTIONS_TOKEN;
}

/** Options of `WorkerPoolModule.forRoot()`. */
export type WorkerPoolModuleOptions = typeof OPTIONS_TYPE;

/** Options of `WorkerPoolModule.forRootAsync()`. */
export type WorkerPoolModuleAsyncOptions = typeof ASYNC_OPTIONS_TYPE;

/** Interface of a class that is passed as `useClass` or `useExisting`. */
export interface WorkerPoolOptionsFactory {
  createWorkerPoolOptions(): WorkerPoolOptions | Promise<WorkerPoolOptions>;
}

const POOL_PROVIDER = {
  provide: WorkerPool,
  inject: [MODULE_OPTIONS_TOKEN],
  useFactory: (options: Concealed<WorkerPoolOptions>) =>
    loadWorkerPool(withNestLogger(options.reveal()), { startsLater: true }),
};

/**
 * Provides a {@link WorkerPool}, whose log lines go to Nest's `Logger`. The pool connects when the application has started or
 * with its first call; before the start it disconnects once no call waits, so that an application which fails to start
 * leaves no connection behind. It drains and closes in
 * `onApplicationShutdown`, after the HTTP server has answered its last request.
 *
 * Each registration is a pool of its own. A second one in the same application is reported by a warning at the start.
 *
 * @throws {InvalidPoolOptionsError} at start; names the invalid option
 *
 * @example
 * imports: [
 *   WorkerPoolModule.forRootAsync({
 *     isGlobal: true,
 *     inject: [ConfigService],
 *     useFactory: (config: ConfigService) => ({
 *       executor: new OfflineExecutor(),
 *       concurrency: Number(config.get('WORKER_CONCURRENCY', 5)),
 *     }),
 *   }),
 * ],
 */
@Module({ providers: [POOL_PROVIDER], exports: [WorkerPool] })
export class WorkerPoolModule
  extends ConfigurableModuleClass
  implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown
{
  constructor(
    private readonly pool: WorkerPool,
    private readonly modules: ModulesContainer,
  ) {
    super();
  }

  // Reported by the first registration only.
  onModuleInit(): void {
    const found = registrationsOf(this.modules, WorkerPoolModule);
    const first: unknown = found[0]?.instance;
    if (found.length < 2 || first !== this) return;
    new Logger('WorkerPool').warn(repeatedRegistration(found, this.modules));
  }

  onApplicationBootstrap(): void {
    this.pool.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.pool.close();
  }
}

// Options that are not an object stay unchanged, so that the pool refuses them.
function withNestLogger(options: WorkerPoolOptions): WorkerPoolOptions {
  return typeof options === 'object' && options !== null ? { logger: Logger, ...options } : options;
}
