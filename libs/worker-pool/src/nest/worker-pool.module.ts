import { Module } from '@nestjs/common';
import { provideWorkerPool } from '../core/create-worker-pool.js';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } from './worker-pool.module-definition.js';
import { WorkerPool } from '../core/contract/worker-pool.js';

/**
 * Provides a {@link WorkerPool}. It drains and closes in `onApplicationShutdown`, after the HTTP server
 * has answered its last request.
 *
 * @throws {InvalidPoolOptionsError} at start; names the option that is wrong
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
@Module({
  providers: [{ provide: WorkerPool, useFactory: provideWorkerPool, inject: [MODULE_OPTIONS_TOKEN] }],
  exports: [WorkerPool],
})
export class WorkerPoolModule extends ConfigurableModuleClass {}
