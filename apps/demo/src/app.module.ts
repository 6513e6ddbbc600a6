import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { TerminusModule } from '@nestjs/terminus';
import { optionsFromEnv, RedisCacheModule } from 'nestjs-redis-cache';
import { OfflineExecutor, WorkerPoolModule } from 'nestjs-worker-pool';
import { CompletionModule } from './completion/completion.module.js';
import { HealthController } from './health/health.controller.js';
import { QueueController } from './queue/queue.controller.js';
import { queueConsumer } from './queue/queue.consumer.js';

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true }),
    // `forRootAsync({ isGlobal: true })` alone would do; the factory adds the fallback to memory without Redis.
    RedisCacheModule.forRootAsync({
      isGlobal: true,
      inject: [ConfigService],
      useFactory: (config: ConfigService) => ({
        ...optionsFromEnv((name) => config.get(name)),
        backend: config.get('REDIS_URL') || config.get('REDIS_HOST') ? 'redis' : 'memory',
      }),
    }),
    // The worker pool is a provider: inject `WorkerPool` anywhere. Replace the executor to call a real model.
    WorkerPoolModule.forRoot({ isGlobal: true, executor: new OfflineExecutor(), concurrency: 5 }),
    TerminusModule,
    CompletionModule,
    queueConsumer,
  ],
  controllers: [QueueController, HealthController],
})
export class AppModule {}
