import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { RedisCacheModule } from 'nestjs-redis-cache';
import { cacheOptions } from './config/cache-options.js';
import { gatewayConfig } from './config/gateway-config.js';
import { WorkerDrain } from './lifecycle/shutdown.js';
import { PoolModule } from './pool/pool.module.js';

/** A worker process: takes tasks from the queue and stores their results in the cache. */
@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true, load: [gatewayConfig] }),
    RedisCacheModule.forRootAsync({ isGlobal: true, inject: [ConfigService], useFactory: cacheOptions }),
    PoolModule.forWorker(),
  ],
  providers: [WorkerDrain],
})
export class WorkerModule {}
