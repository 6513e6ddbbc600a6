import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { APP_FILTER } from '@nestjs/core';
import { RedisCacheModule } from 'nestjs-redis-cache';
import { CacheModule } from './cache/cache.module.js';
import { ChatModule } from './chat/chat.module.js';
import { CompletionsModule } from './completions/completions.module.js';
import { cacheOptions } from './config/cache-options.js';
import { gatewayConfig } from './config/gateway-config.js';
import { PoolModule } from './pool/pool.module.js';
import { FastPathModule } from './fast-path/fast-path.module.js';
import { HealthModule } from './health/health.module.js';
import { ProblemDetailsFilter } from './http/problem-details.filter.js';
import { LimitsModule } from './limits/limits.module.js';
import { LifecycleModule } from './lifecycle/lifecycle.module.js';
import { MessagesModule } from './messages/messages.module.js';
import { ModelsModule } from './models/models.module.js';
import { MetricsModule } from './observability/metrics/metrics.module.js';
import { PageModule } from './page/page.module.js';
import { QueueModule } from './queue/queue.module.js';
import { TasksModule } from './tasks/tasks.module.js';

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true, load: [gatewayConfig] }),
    RedisCacheModule.forRootAsync({ isGlobal: true, inject: [ConfigService], useFactory: cacheOptions }),
    PoolModule.forApi(),
    CompletionsModule,
    FastPathModule,
    ChatModule,
    MessagesModule,
    ModelsModule,
    CacheModule,
    TasksModule,
    QueueModule,
    HealthModule,
    MetricsModule,
    PageModule,
    LifecycleModule,
    LimitsModule,
  ],
  providers: [{ provide: APP_FILTER, useClass: ProblemDetailsFilter }],
})
export class AppModule {}
