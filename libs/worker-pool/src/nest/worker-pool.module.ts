import {
  ConfigurableModuleBuilder,
  Logger,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { loadWorkerPool, WorkerPool, type WorkerPoolOptions } from '../core.js';

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
    .setExtras(extras, (definition, { isGlobal }) => ({ ...definition, global: isGlobal }))
    .build();

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
  useFactory: (options: WorkerPoolOptions) => loadWorkerPool(withNestLogger(options), { startsLater: true }),
};

/**
 * Provides a {@link WorkerPool}, whose log lines go to Nest's `Logger`. The pool connects when the application has started or
 * with its first call, so that an application which fails to start leaves no connection behind. It drains and closes in
 * `onApplicationShutdown`, after the HTTP server has answered its last request.
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
  implements OnApplicationBootstrap, OnApplicationShutdown
{
  constructor(private readonly pool: WorkerPool) {
    super();
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
