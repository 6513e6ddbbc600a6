import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { TerminusModule } from '@nestjs/terminus';
import { RedisCacheModule } from 'nestjs-redis-cache';
import { OfflineExecutor, WorkerPoolModule, type WorkerPoolOptions } from 'nestjs-worker-pool';
import { WorkerPoolHealthModule } from 'nestjs-worker-pool/health';
import { ArticlesController } from './articles.controller.js';
import { Articles } from './articles.service.js';
import { HealthController } from './health.controller.js';

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true }),
    TerminusModule,
    RedisCacheModule.forRootAsync({ isGlobal: true }),
    WorkerPoolModule.forRootAsync({
      isGlobal: true,
      inject: [ConfigService],
      useFactory: (config: ConfigService): WorkerPoolOptions => poolOptions(config),
    }),
    WorkerPoolHealthModule,
  ],
  controllers: [ArticlesController, HealthController],
  providers: [Articles],
})
export class AppModule {}

function poolOptions(config: ConfigService): WorkerPoolOptions {
  const executor = new OfflineExecutor();
  return config.get('WORKER_POOL') === 'bullmq'
    ? { driver: 'bullmq', executor, connection: { url: config.getOrThrow<string>('REDIS_URL') } }
    : { executor };
}
