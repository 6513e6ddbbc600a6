export * from './core.js';
export {
  WorkerPoolModule,
  type WorkerPoolModuleAsyncOptions,
  type WorkerPoolModuleExtras,
  type WorkerPoolModuleOptions,
  type WorkerPoolOptionsFactory,
} from './nest/worker-pool.module.js';
