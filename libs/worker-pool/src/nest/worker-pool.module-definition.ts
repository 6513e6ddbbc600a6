import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { WorkerPoolOptions } from '../core/options/worker-pool-options.js';

/** Options of the module itself, beside those of the pool. */
export interface WorkerPoolModuleExtras {
  /** Makes `WorkerPool` injectable everywhere without importing the module again. Default: false. */
  isGlobal?: boolean;
}

const extras: WorkerPoolModuleExtras = { isGlobal: false };

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<WorkerPoolOptions>()
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createWorkerPoolOptions')
    .setExtras(extras, (definition, { isGlobal }) => ({ ...definition, global: isGlobal }))
    .build();

/** Options of `WorkerPoolModule.forRoot()`. */
export type WorkerPoolModuleOptions = typeof OPTIONS_TYPE;

/** Options of `WorkerPoolModule.forRootAsync()`. */
export type WorkerPoolModuleAsyncOptions = typeof ASYNC_OPTIONS_TYPE;

/** What a class given as `useClass` or `useExisting` implements. */
export interface WorkerPoolOptionsFactory {
  createWorkerPoolOptions(): WorkerPoolOptions | Promise<WorkerPoolOptions>;
}
