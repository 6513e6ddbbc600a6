import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { RedisCacheModule, RedisCacheService } from 'nestjs-redis-cache';
import { Executor, WorkerPoolModule } from 'nestjs-worker-pool';
import { cacheOptions } from './config/cache-options.js';
import { gatewayConfig } from './config/gateway-config.js';
import { ExecutorModule } from './config/executor.module.js';
import { workerPoolOptions } from './config/pool-options.js';
import { WorkerDrain } from './lifecycle/worker-drain.js';

/** A worker process: takes tasks out of the queue, and stores their answers in the cache. */
@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true, load: [gatewayConfig] }),
    RedisCacheModule.forRootAsync({ isGlobal: true, inject: [ConfigService], useFactory: cacheOptions }),
    ExecutorModule,
    WorkerPoolModule.forRootAsync({
      isGlobal: true,
      inject: [gatewayConfig.KEY, Executor, RedisCacheService, ConfigService],
      useFactory: workerPoolOptions,
    }),
  ],
  providers: [WorkerDrain],
})
export class WorkerModule {}
