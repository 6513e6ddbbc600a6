import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { RedisCacheModule } from 'nestjs-redis-cache';
import { cacheOptions } from './config/cache-options.js';
import { gatewayConfig } from './config/gateway-config.js';
import { PoolModule } from './pool/pool.module.js';
import { WorkerDrain } from './lifecycle/shutdown.js';

/** A worker process: takes tasks out of the queue, and stores their answers in the cache. */
@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true, load: [gatewayConfig] }),
    RedisCacheModule.forRootAsync({ isGlobal: true, inject: [ConfigService], useFactory: cacheOptions }),
    PoolModule.forWorker(),
  ],
  providers: [WorkerDrain],
})
export class WorkerModule {}
